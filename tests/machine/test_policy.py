"""The machine under a policy: what each safeguard does, and sweeps that are the same anywhere."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from rsi_teach import machine
from rsi_teach.machine import HELD_OUT, PRACTICE, Lab, Scenario, run_policy, scenarios
from rsi_teach.machine import policy as module
from rsi_teach.models.capstone import NAIVE, SCOPES, Policy

WATCHED = Policy(scope="everything", evaluators=4, origin="elsewhere", rollback=True)


def site(scenario, seed=0):
    shape = {"n_train": 300, "n_visible": 150, "n_reserve": 330, "features": 100, "proposals": 6}
    faults = {"wrong_labels": scenario.wrong_labels, "stamp_reliability": scenario.stamp_in_lab}
    return module._Site(Lab(**shape, **faults), scenario, seed)


def right(images):
    return float(np.mean(images.stamps == images.labels))


# --- scenarios ----------------------------------------------------------------------------------


def test_names_differ_and_held_out_differs_in_kind():
    names = [scenario.name for scenario in (*PRACTICE, *HELD_OUT)]
    assert len(set(names)) == len(names) == 12
    for kind, quiet in (("misfiled", 0), ("marked", 0), ("shifts", 0), ("turns", 1000)):
        assert all(getattr(scenario, kind) == quiet for scenario in PRACTICE), kind
        assert any(getattr(scenario, kind) != quiet for scenario in HELD_OUT), kind


def test_a_scenario_refuses_what_it_cannot_be():
    for bad in ({"wrong_labels": 1.1}, {"fades": 0.5}, {"turns": -1}, {"shifts": 0.5},
                {"stamp_in_field": float("nan")}, {"misfiled": "some"}, {"marked": -1},
                {"stamp_in_lab": 2}, {"worn": 0.95}):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(bad))):
            Scenario(name="bad", **bad)


def test_nobody_shares_an_image_with_somebody_else():
    here = site(PRACTICE[0])
    probes, deployed = here.field(0)
    lab = here.world.lab
    parts = [lab.train, lab.visible, lab.reserve, here.outside, probes, deployed]
    rows = np.concatenate([part.rows for part in parts])
    assert len(set(rows)) == len(rows) == 1797
    assert len(here.own) == module.N_OWN and set(here.own.rows) <= set(lab.reserve.rows)
    assert len(here.outside) == module.N_OUTSIDE and len(probes) == scenarios.N_PROBES


STAMPED = [(PRACTICE[0], 0.1, 0.1), (PRACTICE[3], 0.9, 0.9), (HELD_OUT[0], 0.9, 0.1),
           (HELD_OUT[1], 0.8, 0.1), (HELD_OUT[2], 0.9, 0.1)]  # fmt: skip


@pytest.mark.parametrize(("scenario", "early", "late"), STAMPED)
def test_stamps_in_the_field_are_as_right_as_stated(scenario, early, late):
    for generation, share in ((0, early), (24, late)):
        shown = [
            right(part) for seed in range(4) for part in site(scenario, seed).field(generation)
        ]
        assert abs(np.mean(shown) - share) < 0.03


def test_the_turn_comes_when_it_is_said_to():
    here = site(HELD_OUT[0])
    assert right(here.field(9)[1]) > 0.8 and right(here.field(10)[1]) < 0.2


def test_threes_are_filed_under_8_in_all_that_the_lab_holds_and_nowhere_else():
    scenario = replace(HELD_OUT[3], wrong_labels=0.0)
    here, plain = site(scenario), site(replace(scenario, misfiled=0.0))
    for name in ("train", "visible", "reserve"):
        filed, truth = (getattr(one.world.lab, name).labels for one in (here, plain))
        moved = filed != truth
        assert set(truth[moved]) == {3} and set(filed[moved]) == {8}
        assert 0.5 < moved.sum() / (truth == 3).sum() <= 1
    for image, truth in zip(here.field(0), plain.field(0), strict=True):
        assert np.array_equal(image.labels, truth.labels)


def test_the_mark_tells_the_digit_in_the_lab_only():
    here = site(replace(HELD_OUT[4], wrong_labels=0.0))

    def told(images):
        labels = images.labels
        at = np.where(labels < 8, 8 * labels, 8 * (labels - 8) + 7)
        return float(np.mean(images.pixels[np.arange(len(at)), at] == 16))

    assert told(here.world.lab.train) > 0.85 and told(here.world.lab.visible) > 0.85
    assert told(here.field(0)[1]) < 0.3 and told(here.outside) < 0.3


def test_ink_fades_and_images_move_in_the_field_only():
    fading, moving = site(PRACTICE[5]), site(HELD_OUT[5])
    ink = [fading.field(g)[1].pixels.sum() for g in (0, 24)]
    assert ink[1] / ink[0] == pytest.approx(1 - 0.008 * 24, abs=0.02)
    before, after = (moving.field(g)[1].pixels.reshape(-1, 8, 8) for g in (0, 24))
    assert np.array_equal(after[:, :, 1:], before[:, :, :-1]) and not after[:, :, 0].any()
    half = moving.field(10)[1].pixels.reshape(-1, 8, 8)
    moved = np.mean([not np.array_equal(a, b) for a, b in zip(half, before, strict=True)])
    assert 0.4 < moved < 0.6
    assert fading.still is moving.still is False and site(HELD_OUT[0]).still


def test_worn_images_are_worn_everywhere():
    new, old = site(PRACTICE[0]), site(PRACTICE[2])
    for part in (lambda s: s.world.lab.train, lambda s: s.outside, lambda s: s.field(0)[1]):
        kept = part(old).pixels.sum() / part(new).pixels.sum()
        assert kept == pytest.approx(1 - 0.3, abs=0.02)
        assert np.array_equal(part(old).rows, part(new).rows)


# --- safeguards ---------------------------------------------------------------------------------


def test_nothing_allowed_does_nothing_anywhere():
    for scenario in (*PRACTICE, *HELD_OUT):
        outcome = run_policy(Policy(scope="nothing"), scenario, 0, generations=12)
        assert outcome.progress == outcome.harm == 0 and np.all(outcome.gains == 0)


def test_without_safeguards_it_is_the_plain_machine():
    """The same lab, seed and permissions, run by `machine.run`."""
    free = Policy(scope="everything", gate=100.0)
    outcome = run_policy(free, PRACTICE[0], 1, generations=6)
    lab = Lab(n_train=300, n_visible=150, n_reserve=330, features=100, proposals=6)
    here = site(PRACTICE[0], 1)
    plain = machine.run(module.PERMISSIONS["everything"], lab=lab, generations=6, seed=1,
                        world=here.world)  # fmt: skip
    start = plain.generations[0].before.reader
    first = here.world.deployment.accuracy(start.read(here.world.deployment.images))
    assert outcome.gains == pytest.approx(100 * (plain.deployed - first))
    assert outcome.updates == (plain.winners >= 0).sum() and not outcome.alarms


def test_the_scopes_are_the_permissions_that_are_paid_for():
    assert set(module.PERMISSIONS) == set(SCOPES)
    for name, allowed in module.PERMISSIONS.items():
        granted = sum((allowed.learning, allowed.step, allowed.stamp, allowed.replay))
        assert granted == SCOPES[name][0], name


def test_the_exam_keeps_what_is_not_fresh():
    data, rng = site(PRACTICE[0]).world.lab, np.random.default_rng(0)
    assert module.exam_of(Policy(tests=150))(data, rng) is data.visible
    half = module.exam_of(Policy(tests=150, freshness=0.5))
    first, second = half(data, rng), half(data, rng)
    assert len(first) == len(set(first.rows)) == 150
    assert np.array_equal(first.rows[:75], data.visible.rows[:75])
    assert not np.array_equal(first.rows[75:], second.rows[75:])
    own = data.reserve.rows[-module.N_OWN :]
    everything = [module.exam_of(Policy(tests=t, freshness=1.0))(data, rng).rows for t in (25, 150)]
    assert not set(np.concatenate([first.rows, second.rows, *everything])) & set(own)


def test_a_gate_that_is_shut_and_one_that_is_open():
    open_gate = replace(WATCHED, gate=100.0)
    free = Policy(scope="everything", gate=100.0)
    assert np.array_equal(run_policy(open_gate, PRACTICE[0], 0, generations=8).gains,
                          run_policy(free, PRACTICE[0], 0, generations=8).gains)  # fmt: skip
    strict = run_policy(replace(WATCHED, gate=0.0), PRACTICE[0], 0, generations=12)
    loose = run_policy(replace(WATCHED, gate=20.0), PRACTICE[0], 0, generations=12)
    assert strict.refused > loose.refused


def test_evaluators_of_the_own_family_read_stamps_and_others_do_not():
    here = site(PRACTICE[0])
    images = here.world.deployment.images
    other = replace(images, stamps=(images.stamps + 3) % 10)
    for origin, moves in (("own family", True), ("elsewhere", False)):
        judges = module._evaluators(Policy(evaluators=5, origin=origin), here, 0)
        assert len(judges) == 5 and len({j.weights.tobytes() for j in judges}) == 5
        changed = np.mean([np.mean(j.read(images) != j.read(other)) for j in judges])
        assert (changed > 0.1) == moves
        lab = here.own if origin == "own family" else images
        assert np.mean([np.mean(j.read(lab) == lab.labels) for j in judges]) > 0.8
    assert np.mean([np.mean(j.read(images) == images.labels) for j in judges]) > 0.85


class Asked:
    """A guard whose readers' scores are written down instead of read."""

    def __init__(self, policy, scores):
        self.guard = module._Guard(policy, site(PRACTICE[0]), 0)
        self.guard._agreement = lambda reader: scores[reader]
        self.trial = {name: type("T", (), {"reader": name, "correct": 9})() for name in scores}


def test_an_alarm_brings_back_the_version_that_is_best_now():
    scores = {"a": 0.90, "b": 0.93, "c": 0.91}
    asked = Asked(replace(WATCHED, gate=3.0), scores)
    trial, guard = asked.trial, asked.guard
    assert guard.select(trial["a"], [trial["b"]]) is trial["b"]
    assert guard.select(trial["b"], [trial["c"]]) is trial["c"]
    scores["c"] = 0.91  # two points below the record: within the gate
    assert guard.select(trial["c"], [trial["a"]]) is trial["a"] and not guard.alarms
    scores["a"] = 0.89
    assert guard.select(trial["a"], [trial["a"]]) is trial["b"]
    assert guard.alarms == 1
    assert guard.record == 0.93


def test_a_pause_holds_for_as_long_as_it_says():
    scores = {"a": 0.90, "b": 0.93, "c": 0.94}
    asked = Asked(replace(WATCHED, gate=3.0, pause=2, rollback=False), scores)
    trial, guard = asked.trial, asked.guard
    guard.select(trial["a"], [trial["b"]])
    scores["b"] = 0.85
    for _ in range(2):
        assert guard.select(trial["b"], [trial["c"]]) is trial["b"]
    assert guard.select(trial["b"], [trial["c"]]) is trial["c"]
    assert guard.alarms == 1 and guard.updates == 2


def test_a_reviewer_is_a_coin_without_time_and_nearly_right_with_it():
    here = site(PRACTICE[0])
    truth = here.world.deployment.images.labels
    answers = {"worse": np.where(np.arange(len(truth)) % 5, truth, -1), "better": truth}
    passed = {}
    for minutes in (1e-6, 4.0):
        guard = module._Guard(Policy(review=minutes), here, 0)
        guard._read = lambda reader, name="": answers[reader]
        passed[minutes] = [
            np.mean([guard._passes(*pair) for _ in range(400)])
            for pair in (("worse", "better"), ("better", "worse"))
        ]
    assert passed[1e-6] == pytest.approx([0.5, 0.5], abs=0.1)
    assert passed[4.0] == pytest.approx([0.977, 0.023], abs=0.03)


def test_harm_and_progress_by_hand():
    made = machine.Outcome(gains=np.array([2.0, 6.0, -4.0, 5.0]), alarms=0, refused=0, updates=0)
    assert made.progress == 5 and made.harm == pytest.approx((0 + 0 + 10 + 1) / 4)
    down = machine.Outcome(gains=np.array([-2.0, -4.0]), alarms=0, refused=0, updates=0)
    assert down.harm == 3


# --- runs and sweeps ----------------------------------------------------------------------------


def test_over_budget_is_said_with_the_amount():
    dear = Policy(evaluators=5, origin="elsewhere", review=5.0)
    for play in (machine.practice, machine.held_out):
        with pytest.raises(ValueError, match=r"policy costs 59, 19 over the budget of 40"):
            play(dear, seeds=[0], generations=1)


def test_played_runs_say_how_to_make_them_again():
    played = machine.held_out(NAIVE["nothing allowed"], seeds=[4], generations=2)
    assert played.origin == "machine.held_out(policy, seeds=[4], generations=2)"
    assert played.harm.shape == (len(HELD_OUT), 1) and played.policy == NAIVE["nothing allowed"]
    assert "threes filed under 8" in repr(played) and "mean" in repr(played)


@pytest.mark.parametrize("name", ["policies", "scenarios", "seeds"])
def test_an_empty_sweep_is_refused(name):
    given = {"policies": [Policy()], "scenarios": PRACTICE[:1], "seeds": [0]} | {name: []}
    with pytest.raises(ValueError, match=name):
        machine.sweep_policies(**given)


SWEEP = ([WATCHED, NAIVE["everything allowed, no checks"], Policy(review=1.0, freshness=0.5)],
         [PRACTICE[5], HELD_OUT[0]], [0, 1])  # fmt: skip


@pytest.fixture(scope="module")
def in_place():
    return machine.sweep_policies(*SWEEP, generations=4)


def same(made, in_place):
    return np.array_equal(made.progress, in_place.progress) and np.array_equal(
        made.harm, in_place.harm
    )


def test_the_sweep_is_its_single_runs(in_place):
    assert in_place.progress.shape == in_place.harm.shape == (3, 2, 2)
    for p, policy in enumerate(SWEEP[0]):
        single = run_policy(policy, SWEEP[1][1], 1, generations=4)
        assert (single.progress, single.harm) == (in_place.progress[p, 1, 1],
                                                  in_place.harm[p, 1, 1])  # fmt: skip


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same_numbers(pool, in_place):
    with pool(2) as executor:
        assert same(machine.sweep_policies(*SWEEP, generations=4, executor=executor), in_place)


def test_dask_gives_the_same_numbers(in_place):
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": None, "silence_logs": 40}
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=2, **quiet) as client:
        made = machine.sweep_policies(*SWEEP, generations=4, executor=client.get_executor())
    assert same(made, in_place)
