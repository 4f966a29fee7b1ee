// Generated from spec/*.rdl by `cargo xtask gen`; do not edit.

package whorl_gen_pkg;

  /// First 32 bits of the SHA-256 over the specification.
  localparam logic [31:0] SPEC_HASH = 32'h0b214b81;

  /// What id_magic reads as: "WHRL" in little-endian bytes.
  localparam int unsigned DEVICE_MAGIC = 32'd1280460887;
  /// Major interface version; a driver refuses another one.
  localparam int unsigned INTERFACE_MAJOR = 32'd1;
  /// Minor interface version; grows with compatible additions.
  localparam int unsigned INTERFACE_MINOR = 32'd0;
  /// PCI vendor identifier: the default of the hard IP of the boards in view; a product must bring its own.
  localparam int unsigned PCI_VENDOR_ID = 32'd4334;
  /// PCI device identifier.
  localparam int unsigned PCI_DEVICE_ID = 32'd22344;
  /// Size of BAR0: CSRs and doorbells.
  localparam int unsigned BAR0_BYTES = 32'd65536;
  /// Bytes of a line: one beat of the host bus.
  localparam int unsigned LINE_BYTES = 32'd64;
  /// Minutiae a record line can hold.
  localparam int unsigned LINE_MINUTIAE = 32'd3;
  /// Minutiae of a reference at most (MATCHER 2.1).
  localparam int unsigned RECORD_MINUTIAE_MAX = 32'd96;
  /// Lines of a record at most.
  localparam int unsigned RECORD_LINES_MAX = 32'd32;
  /// Lanes of an engine: minutiae of a probe at most (MATCHER 2.1).
  localparam int unsigned LANES = 32'd48;
  /// Record lines of a probe image.
  localparam int unsigned PROBE_LINES = 32'd16;
  /// Rotation rows of a probe: one per 4/256 turn (MATCHER 3).
  localparam int unsigned ROTATIONS = 32'd64;
  /// Lines of one rotation row.
  localparam int unsigned ROTATION_LINES = 32'd3;
  /// Lines of a probe image: PROBE_LINES + ROTATIONS * ROTATION_LINES.
  localparam int unsigned PROBE_IMAGE_LINES = 32'd208;
  /// Bytes of a probe image.
  localparam int unsigned PROBE_IMAGE_BYTES = 32'd13312;
  /// HT of MATCHER 3: a pair of minutiae at this Hamming distance or more is no candidate.
  localparam int unsigned DISTANCE_CEILING = 32'd59;
  /// GATE of MATCHER 3, in 1/256 turn: largest accepted angle difference.
  localparam int unsigned GATE_DEFAULT = 32'd43;
  /// Largest gate: every rotation is accepted.
  localparam int unsigned GATE_MAX = 32'd127;
  /// Candidates per probe and stream at most.
  localparam int unsigned TOP_K_MAX = 32'd256;
  /// Bins of the score histogram.
  localparam int unsigned HISTOGRAM_BINS = 32'd512;
  /// Bin of a score: min(HISTOGRAM_BINS - 1, score16 >> HISTOGRAM_SHIFT).
  localparam int unsigned HISTOGRAM_SHIFT = 32'd5;
  /// Record streams of a card at most.
  localparam int unsigned STREAMS_MAX = 32'd8;
  /// Engines per stream at most.
  localparam int unsigned PROBES_MAX = 32'd16;
  /// Channels of card memory at most.
  localparam int unsigned CHANNELS_MAX = 32'd8;
  /// Bytes in which the size of a channel is given.
  localparam int unsigned CHANNEL_UNIT_BYTES = 32'd65536;
  /// Queue pairs of a card at most, the admin pair included.
  localparam int unsigned QUEUE_PAIRS_MAX = 32'd8;
  /// Log2 of the entries of a queue at most.
  localparam int unsigned QUEUE_ENTRIES_LOG2_MAX = 32'd10;
  /// Bytes of a submission queue entry.
  localparam int unsigned SQE_BYTES = 32'd64;
  /// Bytes of a completion queue entry.
  localparam int unsigned CQE_BYTES = 32'd16;
  /// Bytes of an extent descriptor.
  localparam int unsigned EXTENT_BYTES = 32'd64;
  /// Lines of an extent at most.
  localparam int unsigned EXTENT_LINES_MAX = 32'd16777215;
  /// Lines of a result block's header.
  localparam int unsigned RESULT_HEADER_LINES = 32'd1;
  /// Lines of a result block's histogram.
  localparam int unsigned RESULT_HISTOGRAM_LINES = 32'd32;
  /// Bytes of a candidate in a result block.
  localparam int unsigned CANDIDATE_BYTES = 32'd8;
  /// Bytes of a result block with TOP_K_MAX candidates.
  localparam int unsigned RESULT_BYTES_MAX = 32'd4160;

  typedef enum logic [7:0] {
    OPCODE_LOAD_PROBE = 8'h01,
    OPCODE_SEARCH = 8'h02,
    OPCODE_COPY = 8'h03,
    OPCODE_CREATE_QUEUE_PAIR = 8'h80,
    OPCODE_DELETE_QUEUE_PAIR = 8'h81,
    OPCODE_ABORT = 8'h82,
    OPCODE_RESET_QUEUE_PAIR = 8'h83
  } opcode_e;

  typedef enum logic [7:0] {
    STATUS_SUCCESS = 8'h00,
    STATUS_INVALID_OPCODE = 8'h01,
    STATUS_INVALID_FIELD = 8'h02,
    STATUS_DMA_READ_ERROR = 8'h03,
    STATUS_DMA_WRITE_ERROR = 8'h04,
    STATUS_CRC_MISMATCH = 8'h05,
    STATUS_RECORD_FORMAT = 8'h06,
    STATUS_PROBE_NOT_LOADED = 8'h07,
    STATUS_INVALID_QUEUE = 8'h08,
    STATUS_ABORTED = 8'h09,
    STATUS_TIMEOUT = 8'h0a,
    STATUS_WATCHDOG = 8'h0b,
    STATUS_PROBE_PARITY = 8'h0c,
    STATUS_ADDRESS_RANGE = 8'h0d
  } status_e;

  /// One 64-byte line of a packed record: up to three minutiae (MATCHER 2.4). A record starts where `line` is 0 and ends where `last` is set.
  typedef struct packed {
    logic last;
    logic [4:0] line;
    logic [1:0] count;
    logic [7:0] meta_2;
    logic [7:0] meta_1;
    logic [7:0] meta_0;
    logic [7:0] angle_2;
    logic [11:0] y_2;
    logic [11:0] x_2;
    logic [3:0][31:0] descriptor_2;
    logic [7:0] angle_1;
    logic [11:0] y_1;
    logic [11:0] x_1;
    logic [3:0][31:0] descriptor_1;
    logic [7:0] angle_0;
    logic [11:0] y_0;
    logic [11:0] x_0;
    logic [3:0][31:0] descriptor_0;
  } record_line_t;  // 64 bytes

  /// One lane of a rotation row of a probe image (MATCHER 3, probe preparation).
  typedef struct packed {
    logic [2:0] reserved_3_5;
    logic [12:0] ry;
    logic [2:0] reserved_1_5;
    logic [12:0] rx;
  } rotation_t;  // 4 bytes

  /// A run of whole gallery records in memory: what one search command lists.
  typedef struct packed {
    logic [8:0][31:0] reserved_tail;
    logic [22:0] reserved_flags;
    logic known_answer;
    logic [7:0] memory;
    logic [31:0] crc32c;
    logic [31:0] base_index;
    logic [31:0] records;
    logic [31:0] lines;
    logic [63:0] address;
  } extent_t;  // 64 bytes

  /// First line of a result block: one per stream and probe slot of a search.
  typedef struct packed {
    logic [31:0] known_answer_signature;
    logic [31:0] lines;
    logic [63:0] stall_collect;
    logic [63:0] stall_engine;
    logic [63:0] stall_starved;
    logic [63:0] minutiae;
    logic [63:0] cycles;
    logic [15:0] known_answers;
    logic [7:0] probe_slot;
    logic [7:0] stream;
    logic [31:0] passed;
    logic [31:0] candidates;
    logic [31:0] comparisons;
  } result_header_t;  // 64 bytes

  /// A reference that reached the threshold and the top-K list.
  typedef struct packed {
    logic [15:0] reserved_6_0;
    logic [15:0] score;
    logic [31:0] index;
  } candidate_t;  // 8 bytes

  /// What all submission entries share.
  typedef struct packed {
    logic [14:0][31:0] words;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_t;  // 64 bytes

  /// Fetches PROBE_IMAGE_BYTES into a probe slot.
  typedef struct packed {
    logic [10:0][31:0] reserved_tail;
    logic [31:0] crc32c;
    logic [63:0] image_address;
    logic [15:0] reserved_6_0;
    logic [7:0] gate;
    logic [7:0] probe_slot;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_load_probe_t;  // 64 bytes

  /// Streams extents past the probes of a mask and writes one result block per stream and probe.
  typedef struct packed {
    logic [5:0][31:0] reserved_tail;
    logic [63:0] result_address;
    logic [31:0] result_stride;
    logic [15:0] reserved_26_0;
    logic [15:0] top_k;
    logic [15:0] reserved_22_0;
    logic [15:0] threshold;
    logic [31:0] extent_count;
    logic [63:0] extents_address;
    logic [31:0] probe_mask;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_search_t;  // 64 bytes

  /// Copies lines and checks their CRC-32C on the way; after every end but SUCCESS the destination holds anything. A memory is 0 for the host's, or a channel of card memory counted from 1.
  typedef struct packed {
    logic [7:0][31:0] reserved_tail;
    logic [31:0] crc32c;
    logic [31:0] lines;
    logic [63:0] destination_address;
    logic [63:0] source_address;
    logic [15:0] reserved_6_0;
    logic [7:0] destination_memory;
    logic [7:0] source_memory;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_copy_t;  // 64 bytes

  /// Admin queue only.
  typedef struct packed {
    logic [9:0][31:0] reserved_tail;
    logic [63:0] cq_address;
    logic [63:0] sq_address;
    logic [15:0] reserved_6_0;
    logic [7:0] entries_log2;
    logic [7:0] queue_index;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_create_queue_pair_t;  // 64 bytes

  /// Admin queue only.
  typedef struct packed {
    logic [13:0][31:0] reserved_tail;
    logic [23:0] reserved_5_0;
    logic [7:0] queue_index;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_delete_queue_pair_t;  // 64 bytes

  /// Admin queue only. Always SUCCESS; detail is 1 where the command was running.
  typedef struct packed {
    logic [13:0][31:0] reserved_tail;
    logic [15:0] target_tag;
    logic [7:0] reserved_5_0;
    logic [7:0] queue_index;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_abort_t;  // 64 bytes

  /// Admin queue only. Ends what runs from the pair and drops what was fetched, without completions; both indices are 0 and the phase 1 when it completes.
  typedef struct packed {
    logic [13:0][31:0] reserved_tail;
    logic [23:0] reserved_5_0;
    logic [7:0] queue_index;
    logic [15:0] tag;
    logic [7:0] flags;
    logic [7:0] opcode;
  } sqe_reset_queue_pair_t;  // 64 bytes

  /// Written by the card; new when its phase differs from the lap before.
  typedef struct packed {
    logic phase;
    logic [6:0] reserved_15_0;
    logic [7:0] status;
    logic [15:0] tag;
    logic [31:0] cycles;
    logic [7:0] reserved_7_0;
    logic [7:0] queue_index;
    logic [15:0] sq_head;
    logic [31:0] detail;
  } cqe_t;  // 16 bytes

endpackage
