// SPDX-License-Identifier: Apache-2.0 OR MIT

/// sq_fetch: one entry at a time, of a pair that had one and whose completion queue had room; the SQ head moves once
/// for each entry that is handed on, by the pair that it came from; each goes to the executor of its kind.
module sq_fetch_formal import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 3
) (
  input logic        clk_i,
  input logic        rst_i,
  input queue_pair_t pair_i [QueuePairs],
  input logic        burst_ready_i,
  input logic        beat_valid_i,
  input read_beat_t  beat_i,
  input logic        admin_command_ready_i,
  input logic        io_command_ready_i
);
  logic [QueuePairs-1:0] sq_advance, fetchable;
  logic                  busy, burst_valid, admin_valid, io_valid;
  logic [7:0]            busy_index;
  burst_t                burst;
  command_t              command;
  logic                  first_q = 1'b1;

  sq_fetch #(.QueuePairs(QueuePairs)) i_dut (
    .clk_i, .rst_i, .pair_i, .sq_advance_o(sq_advance), .busy_o(busy), .busy_index_o(busy_index),
    .burst_valid_o(burst_valid), .burst_ready_i, .burst_o(burst), .beat_valid_i, .beat_i,
    .admin_command_valid_o(admin_valid), .admin_command_ready_i, .io_command_valid_o(io_valid), .io_command_ready_i,
    .command_o(command)
  );

  logic asked_q;    // a burst was taken and not answered
  logic fetched_q;  // the head moved and the entry was not handed on
  logic [QueuePairs-1:0] fetchable_q;

  always_comb begin
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      fetchable[q] = pair_i[q].active && !pair_i[q].halted && pair_i[q].sq_head != pair_i[q].sq_tail
          && ((pair_i[q].cq_tail + 1'b1) & pair_i[q].mask) != pair_i[q].cq_head
          && (q == 0 ? admin_command_ready_i : io_command_ready_i);
    end
  end

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb begin
    assume (!first_q || rst_i);
    assume (!beat_valid_i || (asked_q && beat_i.last));
    // An executor that is idle stays so until it is given something.
    assume (!busy || (busy_index == '0 ? admin_command_ready_i : io_command_ready_i));
  end

  always_ff @(posedge clk_i) begin
    if (burst_valid && burst_ready_i) asked_q <= 1'b1;
    else if (beat_valid_i) asked_q <= 1'b0;
    if (sq_advance != '0) fetched_q <= 1'b1;
    else if (admin_valid || io_valid) fetched_q <= 1'b0;
    fetchable_q <= fetchable;
    if (rst_i) begin
      asked_q   <= 1'b0;
      fetched_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    OneEntry: assert ($onehot0(sq_advance) && !(admin_valid && io_valid));
    AsksOnce: assert (!burst_valid || (busy && !asked_q && !fetched_q && burst.lines_less1 == '0));
    BusyWhileUnderWay: assert (!(asked_q || fetched_q) || busy);
    HeadMovesWithTheEntry: assert (sq_advance == '0 || (beat_valid_i && sq_advance == QueuePairs'(1) << busy_index));
    HandsOnWhatItFetched: assert ((admin_valid || io_valid) == fetched_q);
    ToItsExecutor: assert (!admin_valid || command.queue_index == '0);
    ToTheIoExecutor: assert (!io_valid || (command.queue_index != '0 && command.queue_index < 8'(QueuePairs)));
    PairExists: assert (!busy || busy_index < 8'(QueuePairs));
    AdminFirst: assert (!(busy && $past(!busy && !rst_i) && fetchable_q[0]) || busy_index == '0);
    BeginsAtOnce: assert (!$past(!busy && !rst_i) || fetchable_q == '0 || busy);
    // No deadlock: whatever is under way waits for the bus, or is handed on now.
    Progresses: assert (!busy || burst_valid || asked_q || fetched_q);
    HandedOn: cover (io_valid && command.queue_index == 8'd2 && $past(beat_valid_i));
    Dropped: cover (!busy && $past(beat_valid_i && !rst_i));
  end

  for (genvar q = 0; q < QueuePairs; q++) begin : gen_owner
    always_ff @(posedge clk_i) if (!rst_i) begin
      BeginsWithWhatIsThere: assert (!(busy && $past(!busy && !rst_i) && busy_index == 8'(q)) || fetchable_q[q]);
      // For the induction: the owner and its number say the same.
      OwnerIsNamed: assert (!busy || i_dut.owner_q[q] == (busy_index == 8'(q)));
    end
  end
endmodule
