// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Types of the comparison pipeline (hdl/match). What software sees lives in whorl_gen_pkg.
package match_pkg;
  import whorl_gen_pkg::*;

  // ---- Borders of match_array

  /// What stays the same during a search.
  typedef struct packed {
    logic [15:0]           threshold;  // smallest score16 of a candidate
    logic [8:0]            top_k;      // candidates kept, 1..TOP_K_MAX
    logic [PROBES_MAX-1:0] probe_mask; // bit p: probe slot p takes part
  } search_config_t;

  /// One line of a probe image, in image order.
  typedef struct packed {
    logic [8*LINE_BYTES-1:0] data;
    logic [6:0]              gate;     // largest accepted angle difference, 1/256 turn
    logic [7:0]              slot;
    logic [7:0]              index;    // 0..PROBE_IMAGE_LINES-1
  } probe_line_t;

  /// One line of an extent, in memory order.
  typedef struct packed {
    logic [8*LINE_BYTES-1:0] data;
    logic                    first;      // first line of the extent
    logic                    last;       // last line of the extent
    logic [31:0]             base_index; // gallery index of the extent's first record
    logic [31:0]             records;    // records of the extent
    logic                    known_answer; // its scores are known: they are not results
  } gallery_line_t;

  /// Which result block is wanted.
  typedef struct packed {
    logic [7:0] stream;
    logic [7:0] probe;
  } result_request_t;

  /// One line of a result block.
  typedef struct packed {
    logic [8*LINE_BYTES-1:0] data;
    logic                    last;
  } result_line_t;

  // ---- Minutiae

  localparam int unsigned LANE_WIDTH     = $clog2(LANES);                   // 0..47
  localparam int unsigned COUNT_WIDTH    = $clog2(RECORD_MINUTIAE_MAX + 1); // 0..96
  localparam int unsigned ROTATION_WIDTH = $clog2(ROTATIONS);               // 0..63

  typedef logic [LANE_WIDTH-1:0]     lane_t;
  typedef logic [COUNT_WIDTH-1:0]    count_t;
  typedef logic [ROTATION_WIDTH-1:0] rotation_index_t;

  /// Place and direction of a minutia (MATCHER 2.3); coordinates are two's complement pixels.
  typedef struct packed {
    logic        [7:0]  angle; // 1/256 turn
    logic signed [11:0] y;
    logic signed [11:0] x;
  } geometry_t;

  /// One minutia, as its 20 bytes lie in a record line (MATCHER 2.4).
  typedef struct packed {
    geometry_t    geometry;
    logic [127:0] descriptor;
  } minutia_t;

  /// One gallery minutia on its way to the engines. An empty record is one beat with `present` low.
  typedef struct packed {
    minutia_t    minutia;
    logic        present;
    logic        first;    // first beat of the record
    logic        last;     // last beat of the record
    count_t      count;    // beats so far, this one included; 0 for an empty record
    logic [31:0] index;    // gallery index of the record
  } gallery_beat_t;

  /// What slots needs to know of a beat while its descriptor is compared.
  typedef struct packed {
    geometry_t geometry;
    logic      present;
    logic      first;
    logic      last;
  } trace_t;

  /// What it needs to know of a record, with the last beat.
  typedef struct packed {
    logic [31:0] index;
    count_t      count;
  } record_trace_t;

  // ---- Latencies that stages rely on, in cycles; each is asserted where it is made

  /// Beat accepted by an engine to its record announced as finished.
  localparam int unsigned PASS_A_LATENCY      = 13;
  /// Gallery minutia to its keys; see lane_array.
  localparam int unsigned KEY_LATENCY         = 5;
  /// Keys to the nearest lane; see winner.
  localparam int unsigned WINNER_LATENCY      = 6;
  /// Record finished to its first reference.
  localparam int unsigned REFERENCE_LATENCY   = 3;
  /// Slot won to the lanes of pass B; see consistency.
  localparam int unsigned SLOT_DELAY          = 4;
  /// Last reference to the record's best.
  localparam int unsigned CONSISTENCY_LATENCY = 9;

  // ---- Pass A

  /// Distance with the no-candidate code: smaller is better, so the code is the largest value. Distances are counted
  /// from KEY_BIAS, by which DISTANCE_CEILING itself is the code.
  typedef logic [5:0] key_t;
  localparam key_t KEY_NONE = '1;
  localparam int unsigned KEY_BIAS = distance_pkg::BIAS;

  /// The lane that is nearest to a gallery minutia.
  typedef struct packed {
    key_t  key;
    lane_t lane;
  } nearest_t;

  /// What a lane has won: the gallery minutia nearest to its probe minutia (MATCHER 3, slot).
  typedef struct packed {
    logic        [5:0]  weight; // s of MATCHER 3, pass B; at least 1, so 0 can stand for an empty slot
    logic signed [7:0]  turn;   // d: gallery angle - probe angle, 1/256 turn
    logic signed [11:0] y;      // gy
    logic signed [11:0] x;      // gx
  } slot_t;

  /// What pass B needs to know of a slot as a reference.
  typedef struct packed {
    logic signed [7:0]  turn;
    logic signed [11:0] y;
    logic signed [11:0] x;
  } moved_t;

  /// A slot changes hands.
  typedef struct packed {
    logic  bank;  // half of the slot memory that belongs to the record
    logic  fresh; // the lane had no slot of this record yet
    lane_t lane;
    slot_t slot;
  } slot_write_t;

  /// A record that left pass A.
  typedef struct packed {
    logic [31:0] index;
    count_t      count;    // gallery minutiae
    lane_t       occupied; // occupied lanes, 0..LANES
    logic        bank;     // half of the slot memory that holds it
  } finished_record_t;

  // ---- Pass B

  /// One occupied lane as the reference of the others, or the single placeholder of a record without any.
  typedef struct packed {
    logic [31:0] index;
    count_t      count;    // gallery minutiae of the record
    logic        occupied; // a reference is there
    logic        first;    // first of its record
    logic        last;     // last of its record
    lane_t       lane;
    moved_t      moved;
  } reference_t;

  /// Where the slots lie that moved as the reference's did, for the lanes of pass B; see pair_window and reach_window.
  typedef struct packed {
    logic signed [8:0]  turn_low; // smallest turn
    logic        [13:0] offset_y; // what puts the window of y at 0 ...
    logic        [13:0] offset_x; // ... and that of x at 6144, once the rotated position is taken from the slot's
  } window_t;

  /// The largest support that a reference of a record found.
  typedef struct packed {
    logic [31:0] index;
    count_t      count; // gallery minutiae of the record
    logic [11:0] best;
  } supported_record_t;

  // ---- Results of an engine

  /// One comparison score: higher is more similar (MATCHER 3, Score).
  typedef struct packed {
    logic [15:0] score;
    logic [31:0] index;
  } comparison_t;

  // ---- Probe loading

  /// One write to the probe memories of an engine: a step of a minutia's tables, or the rotated positions of four lanes.
  /// A minutia is written by all steps of its tables, 0 first; see distance_table.
  typedef struct packed {
    distance_pkg::halves_t  halves;
    distance_pkg::further_t further;
    distance_pkg::step_t    step;
    logic [6:0]             gate;
    logic            rotation; // 0: minutia of `lane`; 1: lanes `lane`..`lane`+3 of row `row`
    logic            present;  // a minutia is there (the lane takes part)
    rotation_index_t row;
    lane_t           lane;
    logic [159:0]    data;     // minutia_t, or four rotation_t
  } probe_write_t;

  /// Rotated position of a probe minutia (MATCHER 3, probe preparation) as the rotation memory gives it.
  typedef struct packed {
    logic signed [12:0] y;
    logic        [12:0] x; // offset binary: 4096 more than it is
  } rotated_t;

  /// What the rows of a rotation memory are kept in: 18 block RAMs, 18 UltraRAMs or 1,296 LUTs an engine.
  /// Numbers and no enumeration, so that tools can set a top's parameter.
  localparam int unsigned ROWS_BLOCK = 0;
  localparam int unsigned ROWS_ULTRA = 1;
  localparam int unsigned ROWS_LUT   = 2;

  // ---- Results of a search

  /// Work and lost cycles of a stream; all lost cycles are also `cycles`.
  typedef struct packed {
    logic [31:0] lines;         // lines taken
    logic [63:0] stall_collect; // minutia waits for the score queue: histogram or heap busy
    logic [63:0] stall_engine;  // minutia waits for pass B
    logic [63:0] stall_starved; // no line to read
    logic [63:0] minutiae;      // gallery minutiae accepted
    logic [63:0] cycles;        // cycles with active
  } stream_counters_t;

  /// What happened in a stream in one cycle, for the card's counters.
  typedef struct packed {
    logic                            active;
    logic                            line;        // taken
    logic                            minutia;     // taken
    logic                            record;      // taken to its end
    logic                            starved;     // lost: nothing to take
    logic                            engine;      // lost: pass B
    logic                            collect;     // lost: scores wait
    logic [$clog2(PROBES_MAX+1)-1:0] comparisons; // engines that took the record that ended
    logic [$clog2(PROBES_MAX+1)-1:0] candidates;  // scores that reached the threshold
  } stream_events_t;

  /// What a collector shows of one engine's scores: totals, and the bin and the entry that were asked for.
  typedef struct packed {
    logic [31:0] comparisons;
    logic [31:0] passed;
    logic [8:0]  candidates;
    logic [15:0] known_answers;
    logic [31:0] signature;     // over the scores of the known answers
    logic [31:0] bin;
    comparison_t entry;
  } collected_t;

  /// Which bin and which entry is asked for.
  typedef struct packed {
    logic [7:0] stream;
    logic [7:0] probe;
    logic [8:0] index; // bin; its low eight bits: entry
  } collected_address_t;

  /// Address to collected_t at the result reader, cycles: memory, choice of probe, choice of stream.
  localparam int unsigned COLLECTED_LATENCY = 3;
endpackage
