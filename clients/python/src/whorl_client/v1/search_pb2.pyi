import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from whorl_client.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Positions(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSITIONS_UNSPECIFIED: _ClassVar[Positions]
    POSITIONS_AS_DECLARED: _ClassVar[Positions]
    POSITIONS_UNKNOWN: _ClassVar[Positions]
    POSITIONS_HANDS_SWAPPED: _ClassVar[Positions]
    POSITIONS_OUT_OF_PLACE: _ClassVar[Positions]
POSITIONS_UNSPECIFIED: Positions
POSITIONS_AS_DECLARED: Positions
POSITIONS_UNKNOWN: Positions
POSITIONS_HANDS_SWAPPED: Positions
POSITIONS_OUT_OF_PLACE: Positions

class IdentifyRequest(_message.Message):
    __slots__ = ("search_id", "gallery", "templates", "purpose", "case_reference", "priority", "max_candidates", "max_fpir", "keep", "declared_positions_only", "first_pass_fingers", "correspondences")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CASE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    MAX_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    MAX_FPIR_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    DECLARED_POSITIONS_ONLY_FIELD_NUMBER: _ClassVar[int]
    FIRST_PASS_FINGERS_FIELD_NUMBER: _ClassVar[int]
    CORRESPONDENCES_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    gallery: str
    templates: _containers.RepeatedScalarFieldContainer[bytes]
    purpose: _common_pb2.Purpose
    case_reference: str
    priority: int
    max_candidates: int
    max_fpir: float
    keep: int
    declared_positions_only: bool
    first_pass_fingers: int
    correspondences: bool
    def __init__(self, search_id: _Optional[str] = ..., gallery: _Optional[str] = ..., templates: _Optional[_Iterable[bytes]] = ..., purpose: _Optional[_Union[_common_pb2.Purpose, str]] = ..., case_reference: _Optional[str] = ..., priority: _Optional[int] = ..., max_candidates: _Optional[int] = ..., max_fpir: _Optional[float] = ..., keep: _Optional[int] = ..., declared_positions_only: _Optional[bool] = ..., first_pass_fingers: _Optional[int] = ..., correspondences: _Optional[bool] = ...) -> None: ...

class IdentifyResponse(_message.Message):
    __slots__ = ("search_id", "candidates", "coverage", "calibration", "timing", "incidents", "engines", "comparisons", "fine_comparisons")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    TIMING_FIELD_NUMBER: _ClassVar[int]
    INCIDENTS_FIELD_NUMBER: _ClassVar[int]
    ENGINES_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    FINE_COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    coverage: Coverage
    calibration: CalibrationBasis
    timing: Timing
    incidents: _containers.RepeatedCompositeFieldContainer[Incident]
    engines: _containers.RepeatedCompositeFieldContainer[EngineShare]
    comparisons: int
    fine_comparisons: int
    def __init__(self, search_id: _Optional[str] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., calibration: _Optional[_Union[CalibrationBasis, _Mapping]] = ..., timing: _Optional[_Union[Timing, _Mapping]] = ..., incidents: _Optional[_Iterable[_Union[Incident, _Mapping]]] = ..., engines: _Optional[_Iterable[_Union[EngineShare, _Mapping]]] = ..., comparisons: _Optional[int] = ..., fine_comparisons: _Optional[int] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("rank", "subject", "encounter", "llr", "fpir", "coarse_score", "positions", "penalty", "fingers")
    RANK_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    LLR_FIELD_NUMBER: _ClassVar[int]
    FPIR_FIELD_NUMBER: _ClassVar[int]
    COARSE_SCORE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    FINGERS_FIELD_NUMBER: _ClassVar[int]
    rank: int
    subject: str
    encounter: str
    llr: float
    fpir: Rate
    coarse_score: int
    positions: Positions
    penalty: float
    fingers: _containers.RepeatedCompositeFieldContainer[FingerScore]
    def __init__(self, rank: _Optional[int] = ..., subject: _Optional[str] = ..., encounter: _Optional[str] = ..., llr: _Optional[float] = ..., fpir: _Optional[_Union[Rate, _Mapping]] = ..., coarse_score: _Optional[int] = ..., positions: _Optional[_Union[Positions, str]] = ..., penalty: _Optional[float] = ..., fingers: _Optional[_Iterable[_Union[FingerScore, _Mapping]]] = ...) -> None: ...

class Rate(_message.Message):
    __slots__ = ("value", "low", "high")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    value: float
    low: float
    high: float
    def __init__(self, value: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class FingerScore(_message.Message):
    __slots__ = ("finger", "probe_position", "reference_position", "encounter", "reference_view", "coarse_score", "llr", "corresponding", "correspondences", "transform")
    FINGER_FIELD_NUMBER: _ClassVar[int]
    PROBE_POSITION_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_POSITION_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_VIEW_FIELD_NUMBER: _ClassVar[int]
    COARSE_SCORE_FIELD_NUMBER: _ClassVar[int]
    LLR_FIELD_NUMBER: _ClassVar[int]
    CORRESPONDING_FIELD_NUMBER: _ClassVar[int]
    CORRESPONDENCES_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    finger: int
    probe_position: int
    reference_position: int
    encounter: str
    reference_view: int
    coarse_score: int
    llr: float
    corresponding: int
    correspondences: _containers.RepeatedCompositeFieldContainer[Correspondence]
    transform: Transform
    def __init__(self, finger: _Optional[int] = ..., probe_position: _Optional[int] = ..., reference_position: _Optional[int] = ..., encounter: _Optional[str] = ..., reference_view: _Optional[int] = ..., coarse_score: _Optional[int] = ..., llr: _Optional[float] = ..., corresponding: _Optional[int] = ..., correspondences: _Optional[_Iterable[_Union[Correspondence, _Mapping]]] = ..., transform: _Optional[_Union[Transform, _Mapping]] = ...) -> None: ...

class Correspondence(_message.Message):
    __slots__ = ("probe", "reference")
    PROBE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    probe: Minutia
    reference: Minutia
    def __init__(self, probe: _Optional[_Union[Minutia, _Mapping]] = ..., reference: _Optional[_Union[Minutia, _Mapping]] = ...) -> None: ...

class Minutia(_message.Message):
    __slots__ = ("x", "y", "angle")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    ANGLE_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    angle: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., angle: _Optional[int] = ...) -> None: ...

class Transform(_message.Message):
    __slots__ = ("angle", "x_pixels", "y_pixels")
    ANGLE_FIELD_NUMBER: _ClassVar[int]
    X_PIXELS_FIELD_NUMBER: _ClassVar[int]
    Y_PIXELS_FIELD_NUMBER: _ClassVar[int]
    angle: float
    x_pixels: float
    y_pixels: float
    def __init__(self, angle: _Optional[float] = ..., x_pixels: _Optional[float] = ..., y_pixels: _Optional[float] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("generation", "shards")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    SHARDS_FIELD_NUMBER: _ClassVar[int]
    generation: int
    shards: _containers.RepeatedCompositeFieldContainer[ShardCoverage]
    def __init__(self, generation: _Optional[int] = ..., shards: _Optional[_Iterable[_Union[ShardCoverage, _Mapping]]] = ...) -> None: ...

class ShardCoverage(_message.Message):
    __slots__ = ("base_index", "generation", "records", "crc32c", "fingers")
    BASE_INDEX_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    CRC32C_FIELD_NUMBER: _ClassVar[int]
    FINGERS_FIELD_NUMBER: _ClassVar[int]
    base_index: int
    generation: int
    records: int
    crc32c: int
    fingers: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, base_index: _Optional[int] = ..., generation: _Optional[int] = ..., records: _Optional[int] = ..., crc32c: _Optional[int] = ..., fingers: _Optional[_Iterable[int]] = ...) -> None: ...

class CalibrationBasis(_message.Message):
    __slots__ = ("table", "subjects")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    table: str
    subjects: int
    def __init__(self, table: _Optional[str] = ..., subjects: _Optional[int] = ...) -> None: ...

class Timing(_message.Message):
    __slots__ = ("queued", "coarse", "fine", "passes", "shared_passes", "total")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    COARSE_FIELD_NUMBER: _ClassVar[int]
    FINE_FIELD_NUMBER: _ClassVar[int]
    PASSES_FIELD_NUMBER: _ClassVar[int]
    SHARED_PASSES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    queued: _duration_pb2.Duration
    coarse: _duration_pb2.Duration
    fine: _duration_pb2.Duration
    passes: int
    shared_passes: int
    total: _duration_pb2.Duration
    def __init__(self, queued: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., coarse: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., fine: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., passes: _Optional[int] = ..., shared_passes: _Optional[int] = ..., total: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Incident(_message.Message):
    __slots__ = ("engine", "what", "left_service")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    LEFT_SERVICE_FIELD_NUMBER: _ClassVar[int]
    engine: str
    what: str
    left_service: bool
    def __init__(self, engine: _Optional[str] = ..., what: _Optional[str] = ..., left_service: _Optional[bool] = ...) -> None: ...

class EngineShare(_message.Message):
    __slots__ = ("engine", "records")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    engine: str
    records: int
    def __init__(self, engine: _Optional[str] = ..., records: _Optional[int] = ...) -> None: ...

class IdentifyEvent(_message.Message):
    __slots__ = ("accepted", "progress", "answer")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    accepted: Accepted
    progress: Progress
    answer: IdentifyResponse
    def __init__(self, accepted: _Optional[_Union[Accepted, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., answer: _Optional[_Union[IdentifyResponse, _Mapping]] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("search_id",)
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    def __init__(self, search_id: _Optional[str] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("stage", "compared", "of")
    class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STAGE_UNSPECIFIED: _ClassVar[Progress.Stage]
        STAGE_QUEUED: _ClassVar[Progress.Stage]
        STAGE_COARSE: _ClassVar[Progress.Stage]
        STAGE_FINE: _ClassVar[Progress.Stage]
    STAGE_UNSPECIFIED: Progress.Stage
    STAGE_QUEUED: Progress.Stage
    STAGE_COARSE: Progress.Stage
    STAGE_FINE: Progress.Stage
    STAGE_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    OF_FIELD_NUMBER: _ClassVar[int]
    stage: Progress.Stage
    compared: int
    of: int
    def __init__(self, stage: _Optional[_Union[Progress.Stage, str]] = ..., compared: _Optional[int] = ..., of: _Optional[int] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("gallery", "subject", "templates", "purpose", "case_reference", "correspondences")
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CASE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CORRESPONDENCES_FIELD_NUMBER: _ClassVar[int]
    gallery: str
    subject: str
    templates: _containers.RepeatedScalarFieldContainer[bytes]
    purpose: _common_pb2.Purpose
    case_reference: str
    correspondences: bool
    def __init__(self, gallery: _Optional[str] = ..., subject: _Optional[str] = ..., templates: _Optional[_Iterable[bytes]] = ..., purpose: _Optional[_Union[_common_pb2.Purpose, str]] = ..., case_reference: _Optional[str] = ..., correspondences: _Optional[bool] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("candidate", "generation")
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    candidate: Candidate
    generation: int
    def __init__(self, candidate: _Optional[_Union[Candidate, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("search_id",)
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    def __init__(self, search_id: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("cancelled",)
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    cancelled: bool
    def __init__(self, cancelled: _Optional[bool] = ...) -> None: ...

class ReplayRequest(_message.Message):
    __slots__ = ("search_id", "purpose")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    purpose: _common_pb2.Purpose
    def __init__(self, search_id: _Optional[str] = ..., purpose: _Optional[_Union[_common_pb2.Purpose, str]] = ...) -> None: ...

class ReplayResponse(_message.Message):
    __slots__ = ("equal", "differences", "searched", "generation", "recomputed")
    EQUAL_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    SEARCHED_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTED_FIELD_NUMBER: _ClassVar[int]
    equal: bool
    differences: _containers.RepeatedCompositeFieldContainer[ReplayDifference]
    searched: _timestamp_pb2.Timestamp
    generation: int
    recomputed: IdentifyResponse
    def __init__(self, equal: _Optional[bool] = ..., differences: _Optional[_Iterable[_Union[ReplayDifference, _Mapping]]] = ..., searched: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., generation: _Optional[int] = ..., recomputed: _Optional[_Union[IdentifyResponse, _Mapping]] = ...) -> None: ...

class ReplayDifference(_message.Message):
    __slots__ = ("subject", "what")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    subject: str
    what: str
    def __init__(self, subject: _Optional[str] = ..., what: _Optional[str] = ...) -> None: ...
