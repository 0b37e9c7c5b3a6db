"""Own every error that crosses a room or a process.

HeliostatError
├── InvalidInput            a value of the caller breaks a rule (422)
├── SettlementFileRejected  a settlement file holds a bad cell (422)
├── NotFound                (404)
├── UnknownProduct          (404)
├── RunNotFound             (404)
├── CurveNotFound           (404)
├── BookNotFound            (404)
├── ForecastNotFound        no forecast of the product was published by then (404)
├── ModelNotApplicable      a model cannot take these prices, such as logs of negative ones (422)
├── HistoryTooShort         an estimate needs more observations than there are (422)
├── UnknownInstrument       a book or request names a contract nobody lists (422)
├── RunAlreadyFinished      (409)
├── SettlementsChanged      a stored price differs and no revision was asked for (409)
├── BookExists              a book of this name is kept already (409)
├── BookChanged             another version came between reading a book and replacing it (409)
├── IdempotencyKeyReused    same key, other body (422)
├── PlanLimitExceeded       more than the organisation's plan allows (422)
├── TooManyRuns             the plan allows no more unfinished runs (429)
├── ResultNotReady          the run has no result, or not in this form (409)
├── ModelNotReady           a product's model has nothing to say yet (409)
├── Unauthenticated         (401)
├── Forbidden               the role or the scopes do not allow it (403)
├── StepUpRequired          a person must prove again who they are (403)
├── PersonNeeded            only a person who signed in may do it, no key or client (403)
├── LastOwner               an organisation would be left without an owner (409)
├── InvitationOpen          an address has an open invitation already (409)
├── MemberElsewhere         a person belongs to organisations of others too (403)
├── TokenRefused            the token of the stack's Ray cannot be used (401)
├── SignInNeeded            a page needs a person who is signed in (401)
├── SignInFailed            someone did not prove who they are (401)
├── SignInThrottled         too many tries failed (429)
├── IdentityRefused         an identity elsewhere lets nobody in here (403)
├── NoWayIn                 no way to sign in that is good enough would be left (409)
├── FormRefused             a form did not come from our own page in this browser (403)
├── OriginRefused           a page of another origin may not call the API (403)
├── GrantRefused            an OAuth client may not have what it asks for (400)
├── ClientRefused           an OAuth client is unknown or did not prove who it is (401)
├── RequestInProgress       a request of the same key is being carried out (409)
├── AnswerLost              a request had an effect, and its answer was lost (409)
├── PayloadTooLarge         (413)
├── BodyTooSlow             (408)
├── SourceUnavailable       a vendor or store cannot answer now (503)
├── FeedDisconnected        a feed's connection ended (503)
├── BadFrame                a venue sent bytes that its protocol does not allow (502)
├── JournalCorrupt          a journal is damaged before its end (500)
├── RunFailed               a run cannot be finished
├── ChunkFailed             a chunk of a run fails whenever it is tried
├── DeadlineMissed          a run was not finished when it was last wanted
├── BackendUnavailable      a quantum backend cannot take work now (503)
├── BudgetExhausted         the month's seconds of quantum hardware are used up (402)
├── AnchorsUnreadable       the anchors of the audit trail are damaged (500)
├── VaultSealBroken         a stored secret was changed or is asked for as another (500)
├── VaultKeyUnknown         the key a stored secret depends on was not given (500)
└── StackError              the local stack cannot start; the message says what to do

Every class takes context keywords only, so that pickling rebuilds it exactly.
"""

from core.errors.base import HeliostatError, all_error_classes
from core.errors.grants import ClientRefused, GrantRefused
from core.errors.identity import (
    Forbidden,
    FormRefused,
    IdentityRefused,
    InvitationOpen,
    LastOwner,
    MemberElsewhere,
    NoWayIn,
    OriginRefused,
    PersonNeeded,
    SignInFailed,
    SignInNeeded,
    SignInThrottled,
    StepUpRequired,
    Unauthenticated,
)
from core.errors.models import (
    CurveNotFound,
    ForecastNotFound,
    HistoryTooShort,
    ModelNotApplicable,
    ModelNotReady,
)
from core.errors.runs import (
    BackendUnavailable,
    BudgetExhausted,
    ChunkFailed,
    DeadlineMissed,
    PlanLimitExceeded,
    ResultNotReady,
    RunAlreadyFinished,
    RunFailed,
    RunNotFound,
    TooManyRuns,
)
from core.errors.sources import (
    AnchorsUnreadable,
    BadFrame,
    FeedDisconnected,
    JournalCorrupt,
    SourceUnavailable,
    StackError,
    TokenRefused,
)
from core.errors.values import (
    AnswerLost,
    BodyTooSlow,
    BookChanged,
    BookExists,
    BookNotFound,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    RequestInProgress,
    SettlementFileRejected,
    SettlementsChanged,
    UnknownInstrument,
    UnknownProduct,
)
from core.errors.vault import VaultKeyUnknown, VaultSealBroken

__all__ = [
    "AnchorsUnreadable",
    "AnswerLost",
    "BackendUnavailable",
    "BadFrame",
    "BodyTooSlow",
    "BookChanged",
    "BookExists",
    "BookNotFound",
    "BudgetExhausted",
    "ChunkFailed",
    "ClientRefused",
    "CurveNotFound",
    "DeadlineMissed",
    "FeedDisconnected",
    "Forbidden",
    "ForecastNotFound",
    "FormRefused",
    "GrantRefused",
    "HeliostatError",
    "HistoryTooShort",
    "IdempotencyKeyReused",
    "IdentityRefused",
    "InvalidInput",
    "InvitationOpen",
    "JournalCorrupt",
    "LastOwner",
    "MemberElsewhere",
    "ModelNotApplicable",
    "ModelNotReady",
    "NoWayIn",
    "NotFound",
    "OriginRefused",
    "PayloadTooLarge",
    "PersonNeeded",
    "PlanLimitExceeded",
    "RequestInProgress",
    "ResultNotReady",
    "RunAlreadyFinished",
    "RunFailed",
    "RunNotFound",
    "SettlementFileRejected",
    "SettlementsChanged",
    "SignInFailed",
    "SignInNeeded",
    "SignInThrottled",
    "SourceUnavailable",
    "StackError",
    "StepUpRequired",
    "TokenRefused",
    "TooManyRuns",
    "Unauthenticated",
    "UnknownInstrument",
    "UnknownProduct",
    "VaultKeyUnknown",
    "VaultSealBroken",
    "all_error_classes",
]
