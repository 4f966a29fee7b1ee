// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// The queue pairs: where their rings lie and how far both sides are.
///
/// Pair 0 is the admin pair; it starts with `admin_start_i`. The others come and go with `create_*`
/// and `delete_*`; one that is deleted can be started anew where it was, with `restart_*`. Host doorbells move SQ tails and CQ heads; a doorbell of a pair that does not exist or
/// with a value that cannot be is refused: nothing moves and `refusal_*` reports it one cycle later.
module queue_state import whorl_gen_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 4  // 2 to QUEUE_PAIRS_MAX, the admin pair included
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  // admin pair
  input  logic                  admin_start_i,  // pulse
  input  pair_setup_t           admin_setup_i,
  input  logic                  forget_i,       // all pairs cease to exist
  // I/O pairs; the index is below QueuePairs and not 0
  input  logic                  create_i,       // pulse
  input  pair_setup_t           create_setup_i,
  input  logic                  delete_i,       // pulse
  input  logic [7:0]            delete_index_i,
  input  logic                  restart_i,      // pulse
  input  logic [7:0]            restart_index_i,
  // host
  input  logic                  doorbell_valid_i,
  input  doorbell_t             doorbell_i,
  output logic                  refusal_valid_o,
  output error_t                refusal_o,
  // card
  input  logic [QueuePairs-1:0] sq_advance_i,   // an entry was fetched
  input  logic [QueuePairs-1:0] cq_advance_i,   // a completion was written
  input  logic [QueuePairs-1:0] halt_i,         // a completion could not be written
  output queue_pair_t           pair_o [QueuePairs]
);
  if (QueuePairs < 2 || QueuePairs > QUEUE_PAIRS_MAX) begin : gen_check_pairs
    $error("queue_state: QueuePairs must be 2 to QUEUE_PAIRS_MAX");
  end

  function automatic queue_pair_t started(pair_setup_t setup);
    queue_pair_t pair;
    pair         = '0;
    pair.active  = 1'b1;
    pair.sq_base = setup.sq_base;
    pair.cq_base = setup.cq_base;
    pair.mask    = entry_index_t'((32'd1 << setup.entries_log2) - 32'd1);
    pair.phase   = 1'b1;
    return pair;
  endfunction

  // The doorbell, looked at one cycle after it was rung.
  logic        doorbell_valid_q, in_ring, accepted, admin_setup_valid;
  doorbell_t   doorbell_q;
  queue_pair_t rung;

  always_comb begin
    rung = '0;
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      if (doorbell_q.queue_index == 8'(q)) rung = pair_o[q];
    end
  end

  // Whether the CQ head moves over completions that exist: not beyond the tail.
  function automatic logic passes_written(queue_pair_t pair, entry_index_t head);
    entry_index_t moved, written;
    moved   = (head - pair.cq_head) & pair.mask;
    written = (pair.cq_tail - pair.cq_head) & pair.mask;
    return moved <= written;
  endfunction

  assign in_ring  = doorbell_q.value <= 16'(rung.mask);
  assign accepted = doorbell_valid_q && rung.active && in_ring
      && (!doorbell_q.completion || passes_written(rung, doorbell_q.value[QUEUE_ENTRIES_LOG2_MAX-1:0]));
  assign admin_setup_valid = admin_setup_i.entries_log2 >= 8'd1 && admin_setup_i.entries_log2 <= 8'(QUEUE_ENTRIES_LOG2_MAX);

  always_ff @(posedge clk_i) begin
    doorbell_valid_q <= doorbell_valid_i;
    if (doorbell_valid_i) doorbell_q <= doorbell_i;

    for (int unsigned q = 0; q < QueuePairs; q++) begin
      if (sq_advance_i[q]) pair_o[q].sq_head <= (pair_o[q].sq_head + 1'b1) & pair_o[q].mask;
      if (cq_advance_i[q]) begin
        pair_o[q].cq_tail <= (pair_o[q].cq_tail + 1'b1) & pair_o[q].mask;
        if (pair_o[q].cq_tail == pair_o[q].mask) pair_o[q].phase <= !pair_o[q].phase;
      end
      if (halt_i[q]) pair_o[q].halted <= 1'b1;
      if (accepted && doorbell_q.queue_index == 8'(q)) begin
        if (doorbell_q.completion) pair_o[q].cq_head <= doorbell_q.value[QUEUE_ENTRIES_LOG2_MAX-1:0];
        else pair_o[q].sq_tail <= doorbell_q.value[QUEUE_ENTRIES_LOG2_MAX-1:0];
      end
      if (create_i && create_setup_i.queue_index == 8'(q)) pair_o[q] <= started(create_setup_i);
      if (delete_i && delete_index_i == 8'(q)) pair_o[q].active <= 1'b0;
      if (restart_i && restart_index_i == 8'(q)) begin
        pair_o[q].active  <= 1'b1;
        pair_o[q].halted  <= 1'b0;
        pair_o[q].sq_head <= '0;
        pair_o[q].sq_tail <= '0;
        pair_o[q].cq_head <= '0;
        pair_o[q].cq_tail <= '0;
        pair_o[q].phase   <= 1'b1;
      end
    end
    if (admin_start_i && admin_setup_valid) pair_o[0] <= started(admin_setup_i);
    if (rst_i || forget_i) begin
      for (int unsigned q = 0; q < QueuePairs; q++) pair_o[q] <= '0;
    end
    if (rst_i) doorbell_valid_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    refusal_valid_o     <= (doorbell_valid_q && !accepted) || (admin_start_i && !admin_setup_valid);
    refusal_o           <= '0;
    refusal_o.code      <= STATUS_INVALID_QUEUE;
    if (doorbell_valid_q) begin
      refusal_o.queue_index <= doorbell_q.queue_index;
      refusal_o.tag         <= doorbell_q.value;
    end
    if (rst_i) refusal_valid_o <= 1'b0;
  end

  `ASSERT_IF(RestartsAnIoPair, restart_i, restart_index_i != 8'd0 && restart_index_i < 8'(QueuePairs))
  `ASSERT_IF(CreatesAnIoPair, create_i,
      create_setup_i.queue_index != 8'd0 && create_setup_i.queue_index < 8'(QueuePairs))
  for (genvar q = 0; q < QueuePairs; q++) begin : gen_pair
    `ASSERT_IF(IndicesInRing, pair_o[q].active,
        ((pair_o[q].sq_head | pair_o[q].sq_tail | pair_o[q].cq_head | pair_o[q].cq_tail) & ~pair_o[q].mask) == '0)
    `ASSERT_IF(FetchesWhatIsThere, sq_advance_i[q] && pair_o[q].active, pair_o[q].sq_head != pair_o[q].sq_tail)
    `ASSERT_IF(NeverOverwrites, cq_advance_i[q] && pair_o[q].active,
        ((pair_o[q].cq_tail + 1'b1) & pair_o[q].mask) != pair_o[q].cq_head)
    `ASSERT_STABLE(PhaseFlipsAtTheWrap,
        pair_o[q].cq_tail != pair_o[q].mask && !(create_i || restart_i || admin_start_i || forget_i), pair_o[q].phase)
  end
endmodule
