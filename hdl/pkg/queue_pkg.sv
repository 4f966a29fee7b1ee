// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Queue pairs, commands and completions inside the queue engine.
package queue_pkg;
  import whorl_gen_pkg::*;
  import dma_pkg::*;

  /// Index of an entry in a ring.
  typedef logic [QUEUE_ENTRIES_LOG2_MAX-1:0] entry_index_t;

  /// Tag of the completion of an entry that could not be read: the entry's own tag is unknown.
  localparam logic [15:0] TAG_UNKNOWN = 16'hffff;

  /// What a pair is made of; the same for the admin pair (CSRs) and for CREATE_QUEUE_PAIR.
  typedef struct packed {
    logic [7:0]  queue_index;
    logic [63:0] sq_base;
    logic [63:0] cq_base;
    logic [7:0]  entries_log2;
  } pair_setup_t;

  /// Everything that is known of a pair. Head: next entry its consumer takes; tail: next its producer writes.
  typedef struct packed {
    logic         active;  // exists: fetched from, completed to
    logic         halted;  // its completions cannot be written; nothing more is fetched
    logic [63:0]  sq_base;
    logic [63:0]  cq_base;
    entry_index_t mask;    // entries - 1
    entry_index_t sq_head;
    entry_index_t sq_tail;
    entry_index_t cq_head;
    entry_index_t cq_tail;
    logic         phase;   // of the completion written next
  } queue_pair_t;

  /// A host write to a doorbell.
  typedef struct packed {
    logic [7:0]  queue_index;
    logic        completion;  // CQ head, else SQ tail
    logic [15:0] value;
  } doorbell_t;

  /// A fetched submission entry.
  typedef struct packed {
    sqe_t         sqe;
    logic [7:0]   queue_index;
    entry_index_t entry;        // where it stood in the ring
    logic [63:0]  host_addr;    // where it was read
    logic         fetch_error;  // the read failed; sqe is meaningless
  } command_t;

  /// How a command ended.
  typedef struct packed {
    status_e     status;
    logic [31:0] detail;
    logic [63:0] host_addr;  // for the error log; 0 where no address is at fault
  } outcome_t;

  /// What is to be posted to a completion queue.
  typedef struct packed {
    logic [7:0]  queue_index;
    logic [15:0] tag;
    logic [31:0] cycles;
    outcome_t    outcome;
  } completion_t;

  /// An entry for the error log.
  typedef struct packed {
    status_e     code;
    logic [7:0]  queue_index;
    logic [15:0] tag;  // of a refused doorbell: the value
    logic [63:0] host_addr;
  } error_t;

  /// An extent on its way to a stream.
  typedef struct packed {
    logic [63:0] host_addr;  // in `memory`
    memory_t     memory;
    logic [23:0] lines;
    logic [31:0] records;
    logic [31:0] base_index;
    logic [31:0] crc32c;
    logic [31:0] index;  // in the command's list
    logic        known_answer;
  } dealt_extent_t;

  /// What the CSRs count. Running since reset.
  typedef struct packed {
    logic [63:0] cycles;
    logic [63:0] busy_cycles;
    logic [63:0] read_beats;
    logic [63:0] write_beats;
    logic [63:0] records;
    logic [63:0] minutiae;
    logic [31:0] read_errors;   // bursts
    logic [31:0] write_errors;  // bursts
    logic [31:0] commands;
    logic [63:0] comparisons;
    logic [63:0] candidates;
    logic [63:0] read_wait;     // cycles with reads under way and no beat
    logic [63:0] read_hold;     // cycles with a burst offered and not taken
  } counters_t;

  /// What the CSRs count of one stream. Running since reset.
  typedef struct packed {
    logic [63:0] active;
    logic [63:0] minutiae;
    logic [63:0] records;
    logic [63:0] lines;
    logic [63:0] starved;
    logic [63:0] stall_engine;
    logic [63:0] stall_collect;
  } stream_totals_t;
endpackage
