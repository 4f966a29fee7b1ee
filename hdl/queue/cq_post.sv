// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Posts completions: writes the entry, waits until it is in host memory, then asks for the interrupt.
///
/// One completion at a time, the admin executor's first; `ready` answers when the posting is over. A write
/// that the host answers with an error is tried again, AttemptsMax times in all; then the pair is halted and the
/// error logged. A completion of a pair that no longer exists, or is halted, is dropped. sq_fetch made sure of the room.
module cq_post import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 4
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  queue_pair_t           pair_i [QueuePairs],
  output logic [QueuePairs-1:0] cq_advance_o,
  output logic [QueuePairs-1:0] halt_o,
  output logic [QueuePairs-1:0] interrupt_o,      // pulse: a completion is in place
  output logic                  posted_o,         // pulse for the counters: the entry is being written
  // completions
  input  logic                  admin_valid_i,
  output logic                  admin_ready_o,
  input  completion_t           admin_i,
  input  logic                  io_valid_i,
  output logic                  io_ready_o,
  input  completion_t           io_i,
  // client of axi_write_port
  output logic                  burst_valid_o,
  input  logic                  burst_ready_i,
  output burst_t                burst_o,
  output logic                  beat_valid_o,
  input  logic                  beat_ready_i,
  output write_beat_t           beat_o,
  input  logic                  response_valid_i,
  input  logic                  response_error_i,
  input  logic                  hung_i,           // the port has given up waiting for the host's answers
  // for the error log
  output logic                  error_valid_o,
  output error_t                error_o
);
  localparam int unsigned AttemptsMax     = 4;
  localparam int unsigned CqeOffsetBits   = $clog2(CQE_BYTES);
  localparam int unsigned CqesPerLineBits = LINE_OFFSET_BITS - CqeOffsetBits;

  typedef enum logic [2:0] {IDLE, PREPARE, ASK, SEND, WAIT, OVER} state_e;

  state_e                      state_q;
  logic                        from_admin_q;
  completion_t                 completion_q;
  logic [$clog2(AttemptsMax)-1:0] failures_q;
  logic [QueuePairs-1:0]       owner;
  queue_pair_t                 pair;
  cqe_t                        cqe;
  logic [63:0]                 entry_addr;
  logic [CqesPerLineBits-1:0]  place;     // of the entry within its line
  logic                        begun, written, given_up;

  always_comb begin
    pair  = '0;
    owner = '0;
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      if (completion_q.queue_index == 8'(q)) begin
        pair     = pair_i[q];
        owner[q] = 1'b1;
      end
    end
    cqe             = '0;
    cqe.detail      = completion_q.outcome.detail;
    cqe.sq_head     = 16'(pair.sq_head);
    cqe.queue_index = completion_q.queue_index;
    cqe.cycles      = completion_q.cycles;
    cqe.tag         = completion_q.tag;
    cqe.status      = completion_q.outcome.status;
    cqe.phase       = pair.phase;
  end

  assign entry_addr = pair.cq_base + (64'(pair.cq_tail) << CqeOffsetBits);
  assign place      = entry_addr[CqeOffsetBits +: CqesPerLineBits];
  assign begun      = state_q == PREPARE && pair.active && !pair.halted;
  assign written    = state_q == WAIT && response_valid_i && !response_error_i;
  assign given_up   = state_q == WAIT && response_valid_i && response_error_i
      && failures_q == ($clog2(AttemptsMax))'(AttemptsMax - 1);

  assign burst_valid_o = state_q == ASK;
  assign beat_valid_o  = state_q == SEND;
  assign admin_ready_o = state_q == OVER && from_admin_q;
  assign io_ready_o    = state_q == OVER && !from_admin_q;
  // The tail moves before the entry is written: the host may see the entry and ring its head doorbell long before
  // the bus answers the write.
  assign cq_advance_o  = begun ? owner : '0;
  assign interrupt_o   = written ? owner : '0;
  assign halt_o        = given_up ? owner : '0;
  assign posted_o      = begun;

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      IDLE: begin
        failures_q   <= '0;
        from_admin_q <= admin_valid_i;
        completion_q <= admin_valid_i ? admin_i : io_i;
        if (admin_valid_i || io_valid_i) state_q <= PREPARE;
      end
      // Address and entry are kept from here on: the pair may cease to exist while the bus stalls.
      // Whoever deletes a pair waits for io_ready_o, so that nothing is written to its memory afterwards.
      PREPARE: begin
        burst_o     <= '{host_addr: {entry_addr[63:LINE_OFFSET_BITS], LINE_OFFSET_BITS'(0)}, lines_less1: 8'd0};
        beat_o.data <= line_data_t'(cqe) << (8 * CQE_BYTES * 32'(place));
        beat_o.strobe <= LINE_BYTES'((2 ** CQE_BYTES - 1) << (CQE_BYTES * 32'(place)));
        beat_o.last <= 1'b1;
        state_q     <= begun ? ASK : OVER;
      end
      ASK: if (burst_ready_i) state_q <= SEND;
      SEND: if (beat_ready_i) state_q <= WAIT;
      WAIT: if (response_valid_i) begin
        failures_q <= failures_q + 1'b1;
        state_q    <= response_error_i && !given_up ? ASK : OVER;
      end
      default: state_q <= IDLE;  // OVER: the executor sees its ready
    endcase
    if (rst_i) state_q <= IDLE;
  end

  // Failures that the driver learns from the completion are logged as well, with the address at fault, and before
  // the completion can be seen.
  always_comb begin
    error_o = '{code: completion_q.outcome.status, queue_index: completion_q.queue_index,
        tag: completion_q.tag, host_addr: completion_q.outcome.host_addr};
    if (given_up) begin
      error_o.code      = hung_i ? STATUS_TIMEOUT : STATUS_DMA_WRITE_ERROR;
      error_o.host_addr = burst_o.host_addr;
    end
  end
  assign error_valid_o = given_up || (begun && !(completion_q.outcome.status inside {STATUS_SUCCESS, STATUS_ABORTED}));

  `ASSERT_HELD(BurstHeld, burst_valid_o, burst_ready_i, burst_o)
  `ASSERT_HELD(BeatHeld, beat_valid_o, beat_ready_i, beat_o)
  `ASSERT_HELD(AdminKept, admin_valid_i, admin_ready_o, admin_i)
  `ASSERT_HELD(IoKept, io_valid_i, io_ready_o, io_i)
  `ASSERT_IF(OneEntry, beat_valid_o, $countones(beat_o.strobe) == CQE_BYTES)
  `ASSERT_IF(RoomInTheRing, state_q == PREPARE && pair.active, ((pair.cq_tail + 1'b1) & pair.mask) != pair.cq_head)
  `ASSERT_IF(InterruptAfterTheEntry, interrupt_o != '0, response_valid_i)
endmodule
