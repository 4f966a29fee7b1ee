// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Executes the commands of the admin queue: CREATE_QUEUE_PAIR, DELETE_QUEUE_PAIR, RESET_QUEUE_PAIR, ABORT.
///
/// Runs beside the I/O executor, so that ABORT reaches a command that is running. ABORT completes after the
/// command it ended; its detail is 1 when that command ended with ABORTED. DELETE_QUEUE_PAIR stops fetching at once,
/// ends what runs from the pair, and completes when nothing more will be read from or written to its rings;
/// RESET_QUEUE_PAIR does the same, then starts the pair again at index 0.
module admin_exec import whorl_gen_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 4
) (
  input  logic        clk_i,
  input  logic        rst_i,
  input  queue_pair_t pair_i [QueuePairs],
  output logic        running_o,
  // commands of the admin queue
  input  logic        command_valid_i,
  output logic        command_ready_o,
  input  command_t    command_i,
  output logic        completion_valid_o,
  input  logic        completion_ready_i,
  output completion_t completion_o,
  // queue_state
  output logic        create_o,
  output pair_setup_t create_setup_o,
  output logic        delete_o,
  output logic [7:0]  delete_index_o,
  output logic        restart_o,      // of the pair that was deleted last
  // sq_fetch: an entry of this pair is under way
  input  logic        fetch_busy_i,
  input  logic [7:0]  fetch_index_i,
  // io_exec: from which pair and with which tag a command runs, whether it is ending with ABORTED
  input  logic        io_running_i,
  input  logic [7:0]  io_index_i,
  input  logic [15:0] io_tag_i,
  input  logic        io_aborted_i,
  output logic        io_abort_o    // end the command that runs
);
  typedef enum logic [2:0] {IDLE, DECODE, SETTLE, RESTART, COMPLETE} state_e;

  state_e                 state_q;
  command_t               command_q;
  sqe_create_queue_pair_t create;
  sqe_delete_queue_pair_t remove;
  sqe_abort_t             abort;
  logic [31:0]            cycles_q;
  outcome_t               outcome_q;
  logic                   deleting_q;  // in SETTLE: the pair goes, else ABORT
  logic                   index_valid, index_active, create_fields_valid, hit, unsettled, is_reset, removes;
  status_e                verdict;

  assign create = command_q.sqe;
  assign remove = command_q.sqe;
  assign abort  = command_q.sqe;

  // The queue index stands at the same place in all commands.
  assign index_valid = create.queue_index != 8'd0 && create.queue_index < 8'(QueuePairs);
  always_comb begin
    index_active = 1'b0;
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      if (create.queue_index == 8'(q)) index_active = pair_i[q].active;
    end
  end
  assign create_fields_valid = create.entries_log2 >= 8'd1 && create.entries_log2 <= 8'(QUEUE_ENTRIES_LOG2_MAX)
      && create.sq_address[5:0] == '0 && create.cq_address[5:0] == '0;

  always_comb begin
    if (command_q.fetch_error) verdict = STATUS_DMA_READ_ERROR;
    else begin
      unique case (command_q.sqe.opcode)
        OPCODE_CREATE_QUEUE_PAIR: begin
          if (create.flags != '0) verdict = STATUS_INVALID_FIELD;
          else if (!index_valid || index_active) verdict = STATUS_INVALID_QUEUE;
          else verdict = create_fields_valid ? STATUS_SUCCESS : STATUS_INVALID_FIELD;
        end
        OPCODE_DELETE_QUEUE_PAIR, OPCODE_RESET_QUEUE_PAIR: begin
          if (remove.flags != '0) verdict = STATUS_INVALID_FIELD;
          else verdict = index_valid && index_active ? STATUS_SUCCESS : STATUS_INVALID_QUEUE;
        end
        OPCODE_ABORT: verdict = abort.flags == '0 ? STATUS_SUCCESS : STATUS_INVALID_FIELD;
        default: verdict = STATUS_INVALID_OPCODE;
      endcase
    end
  end

  assign create_o       = state_q == DECODE && verdict == STATUS_SUCCESS && command_q.sqe.opcode == OPCODE_CREATE_QUEUE_PAIR;
  assign create_setup_o = '{queue_index: create.queue_index, sq_base: create.sq_address, cq_base: create.cq_address,
      entries_log2: create.entries_log2};
  assign is_reset       = command_q.sqe.opcode == OPCODE_RESET_QUEUE_PAIR;
  assign removes        = is_reset || command_q.sqe.opcode == OPCODE_DELETE_QUEUE_PAIR;
  assign delete_o       = state_q == DECODE && verdict == STATUS_SUCCESS && removes;
  assign delete_index_o = remove.queue_index;
  assign restart_o      = state_q == RESTART;

  assign hit        = io_running_i && io_index_i == abort.queue_index && (deleting_q || io_tag_i == abort.target_tag);
  assign io_abort_o = state_q == SETTLE && hit;
  assign unsettled  = hit || (deleting_q && fetch_busy_i && fetch_index_i == remove.queue_index);

  always_ff @(posedge clk_i) begin
    cycles_q <= cycles_q + 32'd1;
    unique case (state_q)
      IDLE: if (command_valid_i) begin
        command_q <= command_i;
        cycles_q  <= '0;
        state_q   <= DECODE;
      end
      DECODE: begin
        outcome_q        <= '0;
        outcome_q.status <= verdict;
        if (command_q.fetch_error) begin
          outcome_q.detail    <= 32'(command_q.entry);
          outcome_q.host_addr <= command_q.host_addr;
        end
        deleting_q <= removes;
        state_q    <= verdict == STATUS_SUCCESS && !create_o ? SETTLE : COMPLETE;
      end
      SETTLE: begin
        if (hit && io_aborted_i && !deleting_q) outcome_q.detail <= 32'd1;
        if (!unsettled) state_q <= deleting_q && is_reset ? RESTART : COMPLETE;
      end
      RESTART: state_q <= COMPLETE;
      default: if (completion_ready_i) state_q <= IDLE;  // COMPLETE
    endcase
    if (rst_i) state_q <= IDLE;
  end

  assign running_o          = state_q != IDLE;
  assign command_ready_o    = state_q == IDLE;
  assign completion_valid_o = state_q == COMPLETE;

  // The cycle count stops where the completion is offered.
  logic [31:0] cycles_taken_q;
  always_ff @(posedge clk_i) begin
    if (state_q != COMPLETE) cycles_taken_q <= cycles_q;
  end
  assign completion_o = '{queue_index: command_q.queue_index, tag: command_q.fetch_error ? TAG_UNKNOWN : command_q.sqe.tag,
      cycles: cycles_taken_q, outcome: outcome_q};

  `ASSERT_HELD(CompletionHeld, completion_valid_o, completion_ready_i, completion_o)
  `ASSERT_IF(NeverCreatesTheAdminPair, create_o, create_setup_o.queue_index != '0)
  `ASSERT_IF(NeverDeletesTheAdminPair, delete_o, delete_index_o != '0)
  `ASSERT_IF(DeletedPairIsQuiet,
      (restart_o || (completion_valid_o && deleting_q && !is_reset)) && outcome_q.status == STATUS_SUCCESS,
      !(io_running_i && io_index_i == delete_index_o))
endmodule
