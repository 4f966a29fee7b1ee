// SPDX-License-Identifier: Apache-2.0 OR MIT

/// cq_post: a completion is taken once, after its entry was written, given up or dropped; the tail moves once for it, the
/// interrupt comes only after the host has answered; no more than AttemptsMax writes are made of one entry.
module cq_post_formal import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 2
) (
  input logic        clk_i,
  input logic        rst_i,
  input queue_pair_t pair_i [QueuePairs],
  input logic        admin_valid_i,
  input completion_t admin_i,
  input logic        io_valid_i,
  input completion_t io_i,
  input logic        burst_ready_i,
  input logic        beat_ready_i,
  input logic        response_valid_i,
  input logic        response_error_i,
  input logic        hung_i
);
  // States of the module, for the induction.
  localparam logic [2:0] IDLE = 3'd0, PREPARE = 3'd1, ASK = 3'd2, SEND = 3'd3, WAIT = 3'd4, OVER = 3'd5;
  localparam int unsigned AttemptsMax = 4;

  logic [QueuePairs-1:0] cq_advance, halt, interrupt;
  logic                  posted, admin_ready, io_ready, burst_valid, beat_valid, error_valid;
  burst_t                burst;
  write_beat_t           beat;
  error_t                error;
  logic                  first_q = 1'b1;

  cq_post #(.QueuePairs(QueuePairs)) i_dut (
    .clk_i, .rst_i, .pair_i, .cq_advance_o(cq_advance), .halt_o(halt), .interrupt_o(interrupt), .posted_o(posted),
    .admin_valid_i, .admin_ready_o(admin_ready), .admin_i, .io_valid_i, .io_ready_o(io_ready), .io_i,
    .burst_valid_o(burst_valid), .burst_ready_i, .burst_o(burst), .beat_valid_o(beat_valid), .beat_ready_i,
    .beat_o(beat), .response_valid_i, .response_error_i, .hung_i, .error_valid_o(error_valid), .error_o(error)
  );

  logic        asked_q;    // a burst was taken and its beat was not
  logic        sent_q;     // the beat was taken and not answered
  logic        begun_q;    // the tail moved for the completion at hand
  logic        settled_q;  // its write was answered for good
  logic [2:0]  writes_q;   // made of it
  logic        admin_stalled_q, io_stalled_q;
  completion_t admin_q, io_q;

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb begin
    assume (!first_q || rst_i);
    assume (!response_valid_i || sent_q);
    assume (!admin_stalled_q || (admin_valid_i && admin_i == admin_q));
    assume (!io_stalled_q || (io_valid_i && io_i == io_q));
    // queue_state and sq_fetch see to the room.
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      assume (((pair_i[q].cq_tail + 1'b1) & pair_i[q].mask) != pair_i[q].cq_head);
    end
  end

  always_ff @(posedge clk_i) begin
    admin_stalled_q <= admin_valid_i && !admin_ready && !rst_i;
    io_stalled_q    <= io_valid_i && !io_ready && !rst_i;
    admin_q         <= admin_i;
    io_q            <= io_i;
    if (burst_valid && burst_ready_i) begin
      asked_q  <= 1'b1;
      writes_q <= writes_q + 3'd1;
    end
    if (beat_valid && beat_ready_i) begin
      asked_q <= 1'b0;
      sent_q  <= 1'b1;
    end
    if (response_valid_i) sent_q <= 1'b0;
    if (cq_advance != '0) begun_q <= 1'b1;
    if (interrupt != '0 || halt != '0) settled_q <= 1'b1;
    if (rst_i || admin_ready || io_ready) begin
      begun_q   <= 1'b0;
      settled_q <= 1'b0;
      writes_q  <= '0;
    end
    if (rst_i) begin
      asked_q <= 1'b0;
      sent_q  <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    TakesOne: assert (!(admin_ready && io_ready));
    TakesWhatIsOffered: assert ((!admin_ready || admin_valid_i) && (!io_ready || io_valid_i));
    TakesWhatIsSettled: assert (!(admin_ready || io_ready) || begun_q == settled_q);
    TailMovesOnce: assert ($onehot0(cq_advance) && !(cq_advance != '0 && begun_q) && posted == (cq_advance != '0));
    WritesWhatIsBegun: assert (!(burst_valid || beat_valid) || (begun_q && !settled_q));
    BeatFollowsItsBurst: assert (beat_valid == asked_q && !(burst_valid && (asked_q || sent_q)));
    InterruptsOnceWritten: assert (interrupt == '0 || (response_valid_i && !response_error_i && !settled_q));
    HaltsOnceGivenUp: assert (halt == '0 || (response_valid_i && response_error_i && writes_q == 3'(AttemptsMax) && error_valid));
    BoundedWrites: assert (writes_q <= 3'(AttemptsMax));
    WholeEntry: assert (!(begun_q && !settled_q) || (beat.last && $countones(beat.strobe) == CQE_BYTES));
    // For the induction: the count of failures is the number of answered writes.
    FailuresCounted: assert (!(begun_q && !settled_q) || writes_q == 3'(i_dut.failures_q) + 3'(asked_q || sent_q));
    Asking: assert (burst_valid == (i_dut.state_q == ASK));
    SourceWaits: assert (i_dut.state_q == IDLE || (i_dut.from_admin_q ? admin_stalled_q : io_stalled_q));
    BegunHasAnOwner: assert (!begun_q || i_dut.owner != '0);
    BeginsUnmade: assert (!(i_dut.state_q inside {IDLE, PREPARE})
        || (!begun_q && !settled_q && !asked_q && !sent_q && writes_q == '0));
    SettledIsOver: assert (!settled_q || (i_dut.state_q == OVER && begun_q));
    WaitsForTheAnswer: assert (sent_q == (i_dut.state_q == WAIT));
    UnderWayIsBegun: assert (!(i_dut.state_q inside {ASK, SEND, WAIT}) || (begun_q && !settled_q));
    OverIsSettled: assert (i_dut.state_q != OVER || begun_q == settled_q);
    StartsWithoutFailures: assert (i_dut.state_q != PREPARE || i_dut.failures_q == '0);
    Posted: cover (interrupt[1] && writes_q == 3'd2);
    Halted: cover (halt[0]);
    Dropped: cover (io_ready && !begun_q);
  end
endmodule
