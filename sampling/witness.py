"""Witnessed draws: a seed that no party alone can choose, made after frame and plan are frozen."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sampling.canonical import canonical, json_digest
from sampling.errors import WitnessError

FORMAT = "sipas-sample-announcement"
FORMAT_VERSION = 1
#: What a protocol says of a draw whose seed nobody could choose.
WITNESSED = "có chứng kiến"
#: Parts of the announcement that hold for the protocol too.
FROZEN = ("frame", "plan", "method", "previous")
#: Names the protocol whose seed a later draw uses again: a supplementary draw, a second wave.
INHERITED = "of_protocol_sha256"
#: Rules that a `WitnessError` names.
RULES = (
    *("chance", "commitment", "twice", "public-date", "public-digits", "announcement"),
    *("frozen", "late", "missing", "changed", "public-value", "not-named", "inherited"),
)
#: One party could be the one who prepares the list; two must hide something from each other.
FEWEST_PARTIES = 2
#: With fewer possible numbers a list could be arranged so that a friend is drawn by most of them.
FEWEST_DIGITS = 5
_RULE = (
    "F(x) = len(x) 4 byte BE | x, x: trimmed NFC UTF-8;"
    " commitment = SHA-256(F(sipas-commitment) | F(party) | F(part) | F(nonce));"
    " seed = hex SHA-256(F(sipas-seed) | F(announcement_sha256) |"
    " F(part) | F(nonce) từng bên theo thứ tự mã ký tự của tên | F(public_value hoặc rỗng))"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a party hands over first: its name and a digest that binds it."""

    party: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a party keeps to itself until all have committed: its part of the seed and a nonce."""

    party: str
    part: str
    nonce: str

    @property
    def commitment(self) -> Commitment:
        """Return what the party hands over first."""
        fields = ("sipas-commitment", self.party, self.part, self.nonce)
        return Commitment(canonical(self.party), _digest(fields))


@dataclass(frozen=True, slots=True)
class PublicNumber:
    """A number that will be public: who publishes it, on which day, with how many digits."""

    source: str
    date: date
    digits: int


def new_part(party: str, part: str | None = None) -> Part:
    """Make the part of a party; without `part`, 32 random bytes. The nonce is always random."""
    if not canonical(party):
        raise WitnessError("commitment", "party", party, "a name")
    text = secrets.token_hex(32) if part is None else canonical(part)
    return Part(canonical(party), text, secrets.token_hex(32))


def announcement(
    frozen: Mapping[str, Any],
    commitments: Sequence[Commitment],
    public: PublicNumber | None,
    announced_on: date,
) -> dict[str, Any]:
    """Return what is fixed and published before any part of the seed is known.

    Parameters
    ----------
    frozen : `protocol.frozen`: digests of frame and plan, method, earlier draws.
    commitments : at least two parties; fewer only together with a public number.
    public : a number of a later day, or None.
    announced_on : day of the announcement.

    Raises
    ------
    WitnessError
        For one party alone, a party or a digest that stands twice, a number that may be known
        already or that has too few digits.
    """
    made = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "announced_on": announced_on.isoformat(),
        **{key: frozen[key] for key in FROZEN},
        "commitments": [asdict(one) for one in sorted(commitments, key=lambda one: one.party)],
        "public": None
        if public is None
        else {
            "source": canonical(public.source),
            "date": public.date.isoformat(),
            "digits": public.digits,
        },
    }
    _checked(made)
    return made


def witnessed(
    announced: Mapping[str, Any], revealed: Sequence[Part], public_value: str | None = None
) -> tuple[str, dict[str, Any]]:
    """Make the seed of the revealed parts and the public number.

    Parameters
    ----------
    announced : the announcement.
    revealed : the part of every party that has committed, in any order.
    public_value : the digits as they were published, where a number is named.

    Returns
    -------
    The seed (64 hexadecimal digits) and what the protocol holds to recompute it.

    Raises
    ------
    WitnessError
        For a part that is missing, changed, revealed twice or was not committed in time, and
        for a public number that is missing, not named beforehand or of another length.
    """
    commitments, public = _checked(announced)
    parts = _revealed(commitments, revealed)
    value = _public_value(public, public_value)
    digest = json_digest(announced)
    fields = ["sipas-seed", digest]
    for part in parts:
        fields += [part.part, part.nonce]
    section = {
        "announcement": dict(announced),
        "announcement_sha256": digest,
        "revealed": [asdict(part) for part in parts],
        "public_value": value,
        "rule": _RULE,
    }
    return _digest([*fields, value or ""]), section


def inherited_by_wave(first: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a second wave says of the witnessed seed of the first; it names that one."""
    section = inherited(first)
    return None if section is None else {**section, INHERITED: json_digest(first)}


def recompute(section: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Make the seed again of what a protocol holds, whatever a hand has made of it."""
    announced, revealed = section.get("announcement"), section.get("revealed")
    if not isinstance(announced, Mapping):
        raise WitnessError("announcement", "announcement", announced, "an object")
    if not isinstance(revealed, list):
        raise WitnessError("missing", "revealed", revealed, "a list")
    value = section.get("public_value")
    parts = [read_part(one, f"revealed[{i}]") for i, one in enumerate(revealed)]
    return witnessed(announced, parts, value if value is None else str(value))


def inherited(earlier: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a later draw with the same seed says of it; None where somebody chose the seed.

    Parameters
    ----------
    earlier : the protocol of the witnessed draw, or of one that has inherited its seed.
    """
    section = earlier.get("witness")
    if not isinstance(section, Mapping):
        return None
    return {**section, INHERITED: section.get(INHERITED) or json_digest(earlier)}


def read_part(entry: object, place: str) -> Part:
    """Read the part of a party from plain values."""
    names = ("party", "part", "nonce")
    if not isinstance(entry, Mapping) or not all(isinstance(entry.get(n), str) for n in names):
        raise WitnessError("changed", place, entry, "party, part, nonce")
    return Part(*(canonical(entry[name]) for name in names))


def read_commitment(entry: object, place: str) -> Commitment:
    """Read the commitment of a party from plain values."""
    read = entry if isinstance(entry, Mapping) else {}
    party, digest = read.get("party"), read.get("sha256")
    named = isinstance(party, str) and bool(party) and party == canonical(party)
    if not named or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise WitnessError("commitment", place, entry, "party, sha256")
    return Commitment(str(party), digest)


def _checked(announced: Mapping[str, Any]) -> tuple[list[Commitment], PublicNumber | None]:
    """Hold an announcement against its rules and read what the seed is made of."""
    if (announced.get("format"), announced.get("format_version")) != (FORMAT, FORMAT_VERSION):
        raise WitnessError("announcement", "format", announced.get("format"), FORMAT)
    listed = announced.get("commitments")
    if not isinstance(listed, list):
        raise WitnessError("commitment", "commitments", listed, "a list")
    commitments = [read_commitment(one, f"commitments[{i}]") for i, one in enumerate(listed)]
    for i, one in enumerate(commitments):
        before = commitments[:i]
        if one.party in {b.party for b in before} or one.sha256 in {b.sha256 for b in before}:
            raise WitnessError("twice", f"commitments[{i}]", one.party, "every party once")
    public = announced.get("public")
    number = None if public is None else _public(public, announced.get("announced_on"))
    if number is None and len(commitments) < FEWEST_PARTIES:
        raise WitnessError("chance", "commitments", len(commitments), FEWEST_PARTIES)
    return sorted(commitments, key=lambda one: one.party), number


def _public(entry: object, announced_on: object) -> PublicNumber:
    """Read the public number that is named; its day must come after the announcement."""
    read = entry if isinstance(entry, Mapping) else {}
    days = [_day(read.get("date")), _day(announced_on)]
    digits = read.get("digits")
    if not canonical(str(read.get("source") or "")) or days[0] is None or days[1] is None:
        raise WitnessError("public-date", "public", entry, "source, date")
    if days[0] <= days[1]:
        raise WitnessError("public-date", "public.date", str(days[0]), f"after {days[1]}")
    if not isinstance(digits, int) or isinstance(digits, bool) or digits < FEWEST_DIGITS:
        raise WitnessError("public-digits", "public.digits", digits, FEWEST_DIGITS)
    return PublicNumber(str(read["source"]), days[0], digits)


def _revealed(commitments: Sequence[Commitment], revealed: Sequence[Part]) -> list[Part]:
    """Return the parts in the order of their parties; every commitment must be opened by one."""
    expected = {one.party: one.sha256 for one in commitments}
    found: dict[str, Part] = {}
    for part in revealed:
        commitment = part.commitment
        if commitment.party not in expected:
            raise WitnessError("late", "revealed", part.party, list(expected))
        if commitment.party in found:
            raise WitnessError("twice", "revealed", part.party, "every party once")
        if commitment.sha256 != expected[commitment.party]:
            expects = expected[commitment.party]
            raise WitnessError("changed", f"revealed[{part.party}]", commitment.sha256, expects)
        found[commitment.party] = part
    if missing := [party for party in expected if party not in found]:
        raise WitnessError("missing", "revealed", missing, list(expected))
    return [found[party] for party in expected]


def _public_value(public: PublicNumber | None, value: str | None) -> str | None:
    """Return the digits of the public number; one spelling only, or the seed could be tried."""
    if public is None:
        if value is not None:
            raise WitnessError("not-named", "public_value", value, None)
        return None
    if value is None or not re.fullmatch(rf"[0-9]{{{public.digits}}}", value):
        raise WitnessError("public-value", "public_value", value, f"{public.digits} digits")
    return value


def _day(value: object) -> date | None:
    """Read a day as 2026-11-25; None when it is none."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _digest(fields: Sequence[str]) -> str:
    """Digest texts, each led by its length, so that no two lists give the same bytes."""
    encoded = [canonical(field).encode() for field in fields]
    framed = (len(text).to_bytes(4, "big") + text for text in encoded)
    return hashlib.sha256(b"".join(framed)).hexdigest()
