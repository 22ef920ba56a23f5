"""The ledger at a chapter's end: what it claimed, on what grounds, and how far that reaches."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from rsi_teach.learn.faces import Table, filled

Ground = Literal["theorem in the toy model", "simulation result", "measured, cited", "judgement"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of a chapter.

    Parameters
    ----------
    claim : str
        What is claimed, in a sentence.
    kind : "theorem in the toy model", "simulation result", "measured, cited" or "judgement"
    evidence : str or tuple of str
        A name in the chapter, or citation keys of ``course/references.bib``.
    scope : str
        Where it holds.
    would_change_our_mind : str
        What would have to be seen.

    Raises
    ------
    ValueError
        For an empty field or another kind.
    """

    claim: str
    kind: Ground
    evidence: str | tuple[str, ...]
    scope: str
    would_change_our_mind: str

    def __post_init__(self) -> None:
        """Refuse a claim that leaves something out."""
        for field in fields(self):
            value = getattr(self, field.name)
            pieces = value if isinstance(value, tuple) else (value,)
            if not pieces or not all(isinstance(text, str) and text.strip() for text in pieces):
                raise ValueError(f"{field.name} = {value!r} is empty or not text")
        if self.kind not in get_args(Ground):
            raise ValueError(f"kind = {self.kind!r} is not one of: {'; '.join(get_args(Ground))}")

    @property
    def grounds(self) -> tuple[str, ...]:
        """The evidence, always as a tuple."""
        return self.evidence if isinstance(self.evidence, tuple) else (self.evidence,)


@dataclass(frozen=True, kw_only=True, repr=False)
class Ledger:
    """The claims of a chapter as a table, or as a list where there are no tables.

    Parameters
    ----------
    claims : tuple of Claim
    """

    claims: tuple[Claim, ...]

    def table(self) -> Table:
        """The ledger as a table, each row headed by its claim."""
        return Table(
            caption="What this chapter claims",
            columns=("claim", "kind", "evidence", "scope", "would change our mind"),
            rows=tuple(
                (c.claim, c.kind, _evidence(c), c.scope, c.would_change_our_mind)
                for c in self.claims
            ),
        )

    def __repr__(self) -> str:
        """The ledger as a list."""
        return "\n\n".join(
            "\n".join(
                [
                    filled(f"{number}. {c.claim}"),
                    filled(f"Kind: {c.kind}. Evidence: {_evidence(c)}."),
                    filled(f"Scope: {c.scope}"),
                    filled(f"Would change our mind: {c.would_change_our_mind}"),
                ]
            )
            for number, c in enumerate(self.claims, start=1)
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.table().html()}


def _evidence(claim: Claim) -> str:
    """Return the evidence with every citation key turned into author and year."""
    from rsi_teach.learn.references import cited, references

    library = references()
    return "; ".join(cited(e, library) if e in library else e for e in claim.grounds)


def claims(*entries: Claim) -> Ledger:
    """Return the ledger of a chapter; as the last expression of a cell it is shown.

    Parameters
    ----------
    *entries : Claim
        At least one.

    Raises
    ------
    ValueError
        When there is none.

    Examples
    --------
    >>> claims(
    ...     Claim(
    ...         claim="Above r = 1 the toy reaches infinity in finite time.",
    ...         kind="theorem in the toy model",
    ...         evidence="the SymPy derivation",
    ...         scope="constant r",
    ...         would_change_our_mind="an error in the derivation",
    ...     )
    ... )
    1. Above r = 1 the toy reaches infinity in finite time.
    Kind: theorem in the toy model. Evidence: the SymPy derivation.
    Scope: constant r
    Would change our mind: an error in the derivation
    """
    if not entries:
        raise ValueError("entries = () is empty; a chapter claims something")
    return Ledger(claims=entries)
