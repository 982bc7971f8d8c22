"""Who may do what: one table for every page and every command, tested to be complete."""

from typing import Final

from surveyapp.models.account import ROLES

#: Anybody, without signing in: citizens, raters, monitoring.
PUBLIC: Final = frozenset({"*"})
#: Every signed-in official.
SIGNED_IN: Final = frozenset(ROLES)
ADMIN: Final = frozenset({"admin"})
#: Sở Nội vụ prepares surveys, samples and field work.
MANAGER: Final = frozenset({"manager"})
#: Who sends the list of a unit: its own focal account, or the manager for it.
FOCAL: Final = frozenset({"focal"})
SENDERS: Final = MANAGER | FOCAL
APPROVER: Final = frozenset({"approver"})
#: The preparation and its approval; each step of a survey has roles of its own beside this.
PREPARERS: Final = MANAGER | APPROVER
#: Who may give a part of the seed of a witnessed draw.
PARTIES: Final = PREPARERS | frozenset({"auditor"})
#: Who may look at surveys, plans, protocols and progress (never at scores before the lock).
STAFF: Final = frozenset({"admin", "manager", "approver", "analyst", "auditor", "council"})

#: Who reads results after the lock, every look before publication in the audit trail.
READERS: Final = frozenset({"manager", "approver", "analyst", "council"})
#: Who says of a form that a rule points at whether it counts.
ANALYST: Final = frozenset({"analyst"})
#: Who sees the scores that are not published.
COUNCIL: Final = frozenset({"council"})
RECHECK: Final = frozenset({"recheck"})

#: Commands that work on files only, without any account.
NO_DATABASE: Final = frozenset({"no database"})
#: Commands for whoever runs the machine: they work below the accounts.
SYSTEM: Final = frozenset({"system"})

ENDPOINTS: Final[dict[str, frozenset[str]]] = {
    "static": PUBLIC,
    "home": PUBLIC,
    "accounts.sign_in": PUBLIC,
    "accounts.sign_out": SIGNED_IN,
    "accounts.me": SIGNED_IN,
    "accounts.change_password": SIGNED_IN,
    "accounts.end_session": SIGNED_IN,
    "accounts.index": ADMIN,
    "accounts.add": ADMIN,
    "accounts.reset": ADMIN,
    "surveys.index": SIGNED_IN,
    "surveys.create": MANAGER,
    "waves.follow": MANAGER,
    "waves.open_seed": MANAGER,
    "surveys.show": STAFF,
    "surveys.agencies": STAFF,
    "surveys.exclude": PREPARERS,
    "surveys.include": PREPARERS,
    "surveys.advance": PREPARERS,
    "surveys.remove_practice": MANAGER,
    "frames.index": STAFF,
    "frames.download_template": STAFF,
    "frames.upload": MANAGER,
    "frames.freeze": PREPARERS,
    "drafts.show": SENDERS,
    "drafts.columns": SENDERS,
    "drafts.decide": MANAGER,
    "drafts.problems": SENDERS,
    "drafts.store": SENDERS,
    "drafts.drop": SENDERS,
    "lists.mine": FOCAL,
    "lists.index": STAFF,
    "lists.ask": MANAGER,
    "lists.remind": MANAGER,
    "lists.build": MANAGER,
    "lists.pairs": MANAGER,
    "lists.decide_pair": MANAGER,
    "lists.unit": SENDERS,
    "lists.upload": SENDERS,
    "lists.template": SENDERS,
    "lists.accept": MANAGER,
    "lists.send_back": MANAGER,
    "samples.index": STAFF,
    "sizes.edit": PREPARERS,
    "samples.announce": PREPARERS,
    "samples.draw": PREPARERS,
    "samples.verify": STAFF,
    "samples.paper": STAFF,
    "samples.offices": MANAGER,
    "witness.show": STAFF,
    "witness.commit": PARTIES,
    "witness.begin": PREPARERS,
    "witness.close": PREPARERS,
    "witness.reveal": PARTIES,
    "witness.number": PREPARERS,
    "witness.abandon": PREPARERS,
    "witness.forget": PREPARERS,
    "fieldwork.index": STAFF,
    "fieldwork.assign": MANAGER,
    "fieldwork.issue": MANAGER,
    "fieldwork.reissue": MANAGER,
    "fieldwork.people": MANAGER,
    "fieldwork.office_list": MANAGER,
    "fieldwork.replace": MANAGER,
    "collect_api.put_submission": PUBLIC,
    "collect_api.healthz": PUBLIC,
    "collect_api.readyz": PUBLIC,
    "collect_api.figures": PUBLIC,
    "collect_api.openapi": PUBLIC,
    "tablet.page": PUBLIC,
    "tablet.file": PUBLIC,
    "tablet.recording": PUBLIC,
    "tablet_api.configuration": PUBLIC,
    "tablet_api.ledger": PUBLIC,
    "tablet_api.check_code": PUBLIC,
    "tablet_api.give_later": PUBLIC,
    "collect.start": PUBLIC,
    "collect.begin": PUBLIC,
    "collect.code": PUBLIC,
    "collect.enter": PUBLIC,
    "collect.about": PUBLIC,
    "collect.proceed": PUBLIC,
    "collect.question": PUBLIC,
    "collect.answer": PUBLIC,
    "collect.check": PUBLIC,
    "collect.submit": PUBLIC,
    "collect.thanks": PUBLIC,
    "later.give": PUBLIC,
    "collect.device": PUBLIC,
    "collect.pair_device": PUBLIC,
    "devices.index": STAFF,
    "devices.pair": ADMIN | MANAGER,
    "devices.revoke": ADMIN | MANAGER,
    "recheck.index": RECHECK,
    "recheck.interview": RECHECK,
    "recheck.record": RECHECK,
    "results.index": READERS,
    "results.quality": STAFF,
    "results.review": READERS,
    "results.decide_forms": ANALYST,
    "results.confirm_lock": APPROVER,
    "results.lock": APPROVER,
    "results.run": frozenset({"manager", "approver", "analyst"}),
    "results.report": READERS,
    "results.table": READERS,
    "results.figure": READERS,
}

COMMANDS: Final[dict[str, frozenset[str]]] = {
    "demo": NO_DATABASE,
    "sample draw": NO_DATABASE,  # with --survey: PREPARERS
    "sample verify": NO_DATABASE,
    "sample size": NO_DATABASE,
    "sample commit": NO_DATABASE,  # with --survey: PARTIES, as reveal
    "sample announce": NO_DATABASE,
    "sample reveal": NO_DATABASE,
    "sample open": PREPARERS,
    "sample abandon": PREPARERS,
    "sample protocol": SYSTEM,
    "sample forget": PREPARERS,
    "sample intercept": NO_DATABASE,
    "sample blocks": NO_DATABASE,
    "results estimate": NO_DATABASE,
    "results agree": NO_DATABASE,
    "moments make": NO_DATABASE,
    "moments merge": NO_DATABASE,
    "moments estimate": NO_DATABASE,
    "results lock": APPROVER,
    "results run": frozenset({"manager", "approver", "analyst"}),
    "results report": READERS,
    "results review": READERS,
    "results decide": ANALYST,
    "results sealed": COUNCIL,
    "recheck progress": SYSTEM,
    "upgrade": SYSTEM,
    "backup": SYSTEM,
    "restore": SYSTEM,
    "serve": SYSTEM,
    "start": SYSTEM,
    "survey create": MANAGER,
    "survey follow": MANAGER,
    "survey open-seed": MANAGER,
    "survey list": SYSTEM,
    "survey show": SYSTEM,
    "survey exclude": PREPARERS,
    "survey include": PREPARERS,
    "survey advance": PREPARERS | frozenset({"analyst"}),
    "survey remove-practice": MANAGER,
    "survey import-figures": MANAGER,
    "frame template": NO_DATABASE,
    "frame import": MANAGER,
    "frame preset": MANAGER,
    "frame freeze": PREPARERS,
    "frame ask": MANAGER,
    "frame lists": SYSTEM,
    "frame unit-template": SENDERS,
    "frame send": SENDERS,
    "frame accept": MANAGER,
    "frame return": MANAGER,
    "frame remind": MANAGER,
    "frame pairs": MANAGER,
    "frame decide": MANAGER,
    "frame build": MANAGER,
    "frame tidy": SYSTEM,
    "invitation assign": MANAGER,
    "invitation issue": MANAGER,
    "invitation people": MANAGER,
    "invitation replace": MANAGER,
    "invitation progress": SYSTEM,
    "account add": ADMIN,
    "account list": SYSTEM,
    "account reset": SYSTEM,
    "device pair": ADMIN | MANAGER,
    "device list": SYSTEM,
    "device revoke": ADMIN | MANAGER,
    "device rescue": ADMIN | MANAGER,
    "collect release": SYSTEM,
}
