// SPDX-License-Identifier: Apache-2.0 OR MIT

/// io_exec: every command taken gives one completion, its own; at most one executor is started for it, in the cycle
/// after it was taken and never for an entry that could not be read; where executor and completion queue answer within
/// AnswerCyclesMax, a command is over within the bound that follows from it.
module io_exec_formal import whorl_gen_pkg::*, queue_pkg::*; (
  input logic     clk_i,
  input logic     rst_i,
  input logic     abort_i,
  input logic [31:0] watchdog_i,
  input logic     hung_i,
  input logic     command_valid_i,
  input command_t command_i,
  input logic     completion_ready_i,
  input logic     probe_done_i,
  input outcome_t probe_outcome_i,
  input logic     copy_done_i,
  input outcome_t copy_outcome_i,
  input logic     search_done_i,
  input outcome_t search_outcome_i
);
  // States of the module, for the induction.
  localparam logic [2:0] DECODE = 3'd1, PROBE = 3'd2, COPY = 3'd3, SEARCH = 3'd4;
  localparam int unsigned AnswerCyclesMax = 4;
  localparam int unsigned BusyCyclesMax   = 2 * AnswerCyclesMax + 4;

  logic        command_ready, completion_valid, probe_start, copy_start, search_start, aborting, running;
  completion_t completion;
  logic        first_q = 1'b1;

  io_exec i_dut (
    .clk_i, .rst_i, .running_o(running), .running_index_o(), .running_tag_o(), .aborted_o(), .abort_i, .watchdog_i, .hung_i,
    .command_valid_i, .command_ready_o(command_ready), .command_i,
    .completion_valid_o(completion_valid), .completion_ready_i, .completion_o(completion),
    .sqe_o(), .abort_o(aborting),
    .probe_start_o(probe_start), .probe_done_i, .probe_outcome_i,
    .copy_start_o(copy_start), .copy_done_i, .copy_outcome_i,
    .search_start_o(search_start), .search_done_i, .search_outcome_i
  );

  logic       accepted, started, executing, done, over;
  logic       owed_q;        // a command was taken and not completed
  logic       fresh_q;       // it was taken in the last cycle
  logic       probe_q, copy_q, search_q;  // this executor runs
  command_t   command_q;
  outcome_t   outcome_q;     // what the executor answered
  logic       answered_q;
  logic [4:0] busy_q;        // cycles since it was taken
  logic [2:0] wait_q;        // cycles that the module waits for others

  assign accepted = command_valid_i && command_ready;
  assign started  = probe_start || copy_start || search_start;
  assign done     = probe_done_i || copy_done_i || search_done_i;
  assign executing = probe_q || copy_q || search_q;
  assign over     = completion_valid && completion_ready_i;

  always_ff @(posedge clk_i) first_q <= 1'b0;

  // An executor answers once, when it was started, and within AnswerCyclesMax; so does the completion's reader.
  always_comb begin
    assume (!first_q || rst_i);
    assume (!probe_done_i || probe_q);
    assume (!copy_done_i || copy_q);
    assume (!search_done_i || search_q);
    // Executors report an abort only where one was asked for.
    assume (!probe_done_i || probe_outcome_i.status != STATUS_ABORTED || aborting);
    assume (!copy_done_i || copy_outcome_i.status != STATUS_ABORTED || aborting);
    assume (!search_done_i || search_outcome_i.status != STATUS_ABORTED || aborting);
    assume (wait_q < 3'(AnswerCyclesMax) || done || over);
  end

  always_ff @(posedge clk_i) begin
    fresh_q <= accepted;
    if (accepted) begin
      owed_q     <= 1'b1;
      answered_q <= 1'b0;
      command_q  <= command_i;
    end else if (over) owed_q <= 1'b0;
    if (probe_start) probe_q <= 1'b1;
    else if (probe_done_i) probe_q <= 1'b0;
    if (copy_start) copy_q <= 1'b1;
    else if (copy_done_i) copy_q <= 1'b0;
    if (search_start) search_q <= 1'b1;
    else if (search_done_i) search_q <= 1'b0;
    if (done) begin
      answered_q <= 1'b1;
      outcome_q  <= probe_done_i ? probe_outcome_i : copy_done_i ? copy_outcome_i : search_outcome_i;
    end
    busy_q <= accepted || !owed_q ? '0 : busy_q + 5'd1;
    wait_q <= (!done && executing) || (completion_valid && !over) ? wait_q + 3'd1 : '0;
    if (rst_i) begin
      owed_q   <= 1'b0;
      fresh_q  <= 1'b0;
      probe_q  <= 1'b0;
      copy_q   <= 1'b0;
      search_q <= 1'b0;
      busy_q   <= '0;
      wait_q   <= '0;
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    ReadyExactlyWhenNothingIsOwed: assert (command_ready == !owed_q && running == owed_q);
    CompletesWhatIsOwed: assert (!completion_valid || owed_q);
    CompletesAfterTheExecutor: assert (!completion_valid || !executing);
    CompletesItsOwn: assert (!completion_valid || (completion.queue_index == command_q.queue_index
        && completion.tag == (command_q.fetch_error ? TAG_UNKNOWN : command_q.sqe.tag)));
    SuccessIsTheExecutors: assert (!(completion_valid && completion.outcome.status == STATUS_SUCCESS)
        || (answered_q && outcome_q.status == STATUS_SUCCESS));
    StartsOneExecutor: assert ($onehot0({probe_start, copy_start, search_start}) && $onehot0({probe_q, copy_q, search_q}));
    StartsOnlyInDecode: assert (!started || (fresh_q && owed_q && !executing));
    StartsOnlyWhatWasRead: assert (!started || (!command_q.fetch_error && command_q.sqe.flags == '0));
    StartsTheNamedOne: assert ((!probe_start || command_q.sqe.opcode == OPCODE_LOAD_PROBE)
        && (!copy_start || command_q.sqe.opcode == OPCODE_COPY) && (!search_start || command_q.sqe.opcode == OPCODE_SEARCH));
    // No deadlock.
    EndsInTime: assert (busy_q <= 5'(BusyCyclesMax));
    Progresses: assert (!owed_q || fresh_q || executing || completion_valid);
    // For the induction: the module's states and what was seen of the executors.
    StateFollowsTheProbe: assert ((i_dut.state_q == PROBE) == probe_q);
    StateFollowsTheCopy: assert ((i_dut.state_q == COPY) == copy_q);
    StateFollowsTheSearch: assert ((i_dut.state_q == SEARCH) == search_q);
    DecodesFresh: assert ((i_dut.state_q == DECODE) == (fresh_q && owed_q));
    HoldsTheCommand: assert (!owed_q || i_dut.command_q == command_q);
    // What the executor said, or its cause where that lies outside of it.
    TellsTheOutcome: assert (!(completion_valid && answered_q) || (completion.outcome.detail == outcome_q.detail
        && completion.outcome.host_addr == outcome_q.host_addr && (completion.outcome.status == outcome_q.status
        || (completion.outcome.status == STATUS_WATCHDOG && outcome_q.status == STATUS_ABORTED)
        || (completion.outcome.status == STATUS_TIMEOUT
            && outcome_q.status inside {STATUS_DMA_READ_ERROR, STATUS_DMA_WRITE_ERROR}))));
    AnsweredOrNot: assert (!(fresh_q || executing) || !answered_q);
    BusyAddsUp: assert (busy_q <= (fresh_q ? 5'd0 : executing ? 5'd1 + 5'(wait_q)
        : completion_valid ? 5'(AnswerCyclesMax) + 5'd3 + 5'(wait_q) : 5'd31));
    EndedSearch: cover (over && answered_q && command_q.sqe.opcode == OPCODE_SEARCH && busy_q == 5'd5);
    Refused: cover (over && !answered_q && command_q.sqe.flags != '0);
  end
endmodule
