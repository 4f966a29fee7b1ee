// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Takes the commands of the I/O queues one after another: hands each to its executor and posts how it ended.
///
/// An unknown opcode, a set flag or an entry that could not be read ends here. The completion's cycles count from
/// the command's arrival to the offer of its completion. An abort that comes after the executor's end
/// changes nothing. A command that outlasts the watchdog is aborted and ends with WATCHDOG. One that fails by a
/// read or write while the host owed an answer for too long ends with TIMEOUT.
module io_exec import whorl_gen_pkg::*, queue_pkg::*; (
  input  logic        clk_i,
  input  logic        rst_i,
  output logic        running_o,
  output logic [7:0]  running_index_o,  // pair and tag of the command that runs
  output logic [15:0] running_tag_o,
  output logic        aborted_o,        // it is ending, with ABORTED
  input  logic        abort_i,          // end it
  input  logic [31:0] watchdog_i,       // units of 1024 cycles that it may run, 0: any time
  input  logic        hung_i,           // a memory port has given up waiting for an answer
  // commands
  input  logic        command_valid_i,
  output logic        command_ready_o,
  input  command_t    command_i,
  output logic        completion_valid_o,
  input  logic        completion_ready_i,
  output completion_t completion_o,
  // executors: a start pulse, the entry while they run, a done pulse with the outcome
  output sqe_t        sqe_o,
  output logic        abort_o,          // stays high to the executor's end
  output logic        probe_start_o,
  input  logic        probe_done_i,
  input  outcome_t    probe_outcome_i,
  output logic        copy_start_o,
  input  logic        copy_done_i,
  input  outcome_t    copy_outcome_i,
  output logic        search_start_o,
  input  logic        search_done_i,
  input  outcome_t    search_outcome_i
);
  typedef enum logic [2:0] {IDLE, DECODE, PROBE, COPY, SEARCH, COMPLETE} state_e;

  state_e      state_q;
  command_t    command_q;
  logic [31:0] cycles_q;
  outcome_t    outcome_q;
  logic        abort_q, hung_q, overdue, watchdog_q, valid, executing;

  assign valid          = !command_q.fetch_error && command_q.sqe.flags == '0;
  assign probe_start_o  = state_q == DECODE && valid && command_q.sqe.opcode == OPCODE_LOAD_PROBE;
  assign copy_start_o   = state_q == DECODE && valid && command_q.sqe.opcode == OPCODE_COPY;
  assign search_start_o = state_q == DECODE && valid && command_q.sqe.opcode == OPCODE_SEARCH;
  assign executing      = state_q inside {PROBE, COPY, SEARCH};

  watchdog i_watchdog (.clk_i, .rst_i, .limit_i(watchdog_i), .running_i(executing), .expired_o(overdue));

  // What an executor reports, with its cause where that lies outside of it.
  function automatic outcome_t explained(outcome_t outcome, logic by_watchdog, logic by_timeout);
    explained = outcome;
    if (outcome.status == STATUS_ABORTED && by_watchdog) explained.status = STATUS_WATCHDOG;
    if (outcome.status inside {STATUS_DMA_READ_ERROR, STATUS_DMA_WRITE_ERROR} && by_timeout) explained.status = STATUS_TIMEOUT;
  endfunction

  always_ff @(posedge clk_i) begin
    if (state_q != COMPLETE) cycles_q <= cycles_q + 32'd1;
    if ((abort_i && state_q != IDLE) || (overdue && executing)) abort_q <= 1'b1;
    // Who asked first is named.
    if (overdue && executing && !abort_q && !abort_i) watchdog_q <= 1'b1;
    if (hung_i) hung_q <= 1'b1;
    unique case (state_q)
      IDLE: begin
        cycles_q   <= '0;
        abort_q    <= 1'b0;
        watchdog_q <= 1'b0;
        hung_q     <= hung_i;
        if (command_valid_i) begin
          command_q <= command_i;
          state_q   <= DECODE;
        end
      end
      DECODE: begin
        outcome_q <= '0;
        state_q   <= COMPLETE;
        if (command_q.fetch_error) begin
          outcome_q <= explained('{status: STATUS_DMA_READ_ERROR, detail: 32'(command_q.entry),
              host_addr: command_q.host_addr}, 1'b0, hung_q);
        end else if (probe_start_o) state_q <= PROBE;
        else if (copy_start_o) state_q <= COPY;
        else if (search_start_o) state_q <= SEARCH;
        else if (command_q.sqe.opcode inside {OPCODE_LOAD_PROBE, OPCODE_COPY, OPCODE_SEARCH}) outcome_q.status <= STATUS_INVALID_FIELD;
        else outcome_q.status <= STATUS_INVALID_OPCODE;
      end
      PROBE: if (probe_done_i) begin
        outcome_q <= explained(probe_outcome_i, watchdog_q, hung_q);
        state_q   <= COMPLETE;
      end
      COPY: if (copy_done_i) begin
        outcome_q <= explained(copy_outcome_i, watchdog_q, hung_q);
        state_q   <= COMPLETE;
      end
      SEARCH: if (search_done_i) begin
        outcome_q <= explained(search_outcome_i, watchdog_q, hung_q);
        state_q   <= COMPLETE;
      end
      default: if (completion_ready_i) state_q <= IDLE;  // COMPLETE
    endcase
    if (rst_i) state_q <= IDLE;
  end

  assign running_o          = state_q != IDLE;
  assign running_index_o    = command_q.queue_index;
  assign running_tag_o      = command_q.fetch_error ? TAG_UNKNOWN : command_q.sqe.tag;
  assign aborted_o          = state_q == COMPLETE && outcome_q.status == STATUS_ABORTED;
  assign abort_o            = abort_q;
  assign sqe_o              = command_q.sqe;
  assign command_ready_o    = state_q == IDLE;
  assign completion_valid_o = state_q == COMPLETE;
  assign completion_o       = '{queue_index: command_q.queue_index, tag: running_tag_o, cycles: cycles_q, outcome: outcome_q};

  `ASSERT_HELD(CompletionHeld, completion_valid_o, completion_ready_i, completion_o)
  `ASSERT(OneExecutor, $onehot0({probe_start_o, copy_start_o, search_start_o}))
  `ASSERT_IF(DoneWhileExecuting, probe_done_i || copy_done_i || search_done_i, executing)
  `ASSERT_IF(AbortedOnlyOnRequest, aborted_o, abort_q)
endmodule
