// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Fetches submission entries, one at a time, and hands them to the admin or the I/O executor.
///
/// An entry is fetched when its executor is idle and its completion queue has room, so that an executor never
/// waits for the host: one pair's full queue does not hold up another. The admin pair goes first, the I/O
/// pairs take turns. The SQ head moves when the entry has arrived. An entry of a pair that ceased to
/// exist meanwhile is dropped; one that could not be read is handed on with `fetch_error`.
module sq_fetch import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 4
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  queue_pair_t           pair_i [QueuePairs],
  output logic [QueuePairs-1:0] sq_advance_o,
  output logic                  busy_o,         // an entry is under way
  output logic [7:0]            busy_index_o,   // of this pair
  // client of axi_read_port
  output logic                  burst_valid_o,
  input  logic                  burst_ready_i,
  output burst_t                burst_o,
  input  logic                  beat_valid_i,
  input  read_beat_t            beat_i,
  // commands
  output logic                  admin_command_valid_o,
  input  logic                  admin_command_ready_i,
  output logic                  io_command_valid_o,
  input  logic                  io_command_ready_i,
  output command_t              command_o
);
  typedef enum logic [1:0] {IDLE, ASK, WAIT, DELIVER} state_e;

  state_e                state_q;
  logic [QueuePairs-1:0] wanted, turn, chosen, owner_q;
  queue_pair_t           pair;         // the chosen pair while idle, its owner later
  logic [7:0]            chosen_index;
  logic                  is_admin, taken;

  always_comb begin
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      wanted[q] = pair_i[q].active && !pair_i[q].halted && pair_i[q].sq_head != pair_i[q].sq_tail
          && ((pair_i[q].cq_tail + 1'b1) & pair_i[q].mask) != pair_i[q].cq_head
          && (q == 0 ? admin_command_ready_i : io_command_ready_i);
    end
  end

  rr_arbiter #(.Requesters(QueuePairs)) i_turns (
    .clk_i,
    .rst_i,
    .request_i({wanted[QueuePairs-1:1], 1'b0}),
    .advance_i(state_q == IDLE && !wanted[0]),
    .grant_o  (turn)
  );

  assign chosen = wanted[0] ? QueuePairs'(1) : turn;

  always_comb begin
    pair         = '0;
    chosen_index = '0;
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      if (state_q == IDLE ? chosen[q] : owner_q[q]) begin
        pair         = pair_i[q];
        chosen_index = 8'(q);
      end
    end
  end

  assign is_admin              = owner_q[0];
  assign busy_o                = state_q != IDLE;
  assign busy_index_o          = command_o.queue_index;
  assign burst_valid_o         = state_q == ASK;
  assign burst_o               = '{host_addr: command_o.host_addr, lines_less1: 8'd0};
  assign sq_advance_o          = state_q == WAIT && beat_valid_i && pair.active ? owner_q : '0;
  assign admin_command_valid_o = state_q == DELIVER && is_admin;
  assign io_command_valid_o    = state_q == DELIVER && !is_admin;
  assign taken                 = is_admin ? admin_command_ready_i : io_command_ready_i;

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      IDLE: begin
        if (chosen != '0) state_q <= ASK;
        owner_q               <= chosen;
        command_o.queue_index <= chosen_index;
        command_o.entry       <= pair.sq_head;
        command_o.host_addr   <= pair.sq_base + (64'(pair.sq_head) << LINE_OFFSET_BITS);
      end
      ASK: if (burst_ready_i) state_q <= WAIT;
      WAIT: if (beat_valid_i) begin
        command_o.sqe         <= beat_i.data;
        command_o.fetch_error <= beat_i.error;
        state_q               <= pair.active ? DELIVER : IDLE;
      end
      DELIVER: if (taken) state_q <= IDLE;
    endcase
    if (rst_i) state_q <= IDLE;
  end

  `ASSERT_HELD(BurstHeld, burst_valid_o, burst_ready_i, burst_o)
  `ASSERT_HELD(AdminCommandHeld, admin_command_valid_o, admin_command_ready_i, command_o)
  `ASSERT_HELD(IoCommandHeld, io_command_valid_o, io_command_ready_i, command_o)
  // The executor was idle when the fetch began, and nobody else feeds it.
  `ASSERT_IF(ExecutorIsReady, state_q == DELIVER, taken)
  `ASSERT_IF(OneBeat, beat_valid_i, beat_i.last && state_q == WAIT)
endmodule
