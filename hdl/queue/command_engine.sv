// SPDX-License-Identifier: Apache-2.0 OR MIT

/// The queue engine: queue pairs, fetching, the executors, completions and interrupts.
///
/// The admin executor runs beside the I/O executor, which runs one command at a time. Read clients: submission
/// entries, probe images, extent descriptors, one per stream, copies; from the streams on they name a memory.
/// Write clients: completions, results, copies; the last names a memory.
module command_engine import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*, match_pkg::*; #(
  parameter int unsigned Streams    = 1,
  parameter int unsigned Probes     = 1,
  parameter int unsigned QueuePairs = 4,
  parameter int unsigned Channels   = 1,
  localparam int unsigned ReadClients  = Streams + 4,
  localparam int unsigned WriteClients = 3,
  localparam int unsigned Ports        = Channels == 0 ? 1 : Channels,
  localparam int unsigned ErrorSources = 2
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  // control
  input  logic                    admin_start_i,
  input  pair_setup_t             admin_setup_i,
  input  logic                    forget_i,
  input  logic [31:0]             watchdog_i,        // units of 1024 cycles that a command may run, 0: any time
  input  logic                    doorbell_valid_i,
  input  doorbell_t               doorbell_i,
  output queue_pair_t             pair_o [QueuePairs],
  output logic                    busy_o,            // a command runs
  output logic                    quiet_o,           // no command runs or is fetched
  output logic                    command_done_o,    // pulse for the counters
  // clients whose answers the memory ports no longer wait for
  input  logic [ReadClients-1:0]  read_hung_i,
  input  logic [WriteClients-1:0] write_hung_i,
  output logic [ErrorSources-1:0] error_valid_o,
  output error_t                  error_o [ErrorSources],
  input  logic [31:0]             memory_units_i [Ports],  // size of each channel, CHANNEL_UNIT_BYTES
  // read clients of memory_ports
  output logic [ReadClients-1:0]  read_burst_valid_o,
  input  logic [ReadClients-1:0]  read_burst_ready_i, read_beat_valid_i,
  output burst_t                  read_burst_o [ReadClients],
  input  read_beat_t              host_beat_i,
  output memory_t                 read_memory_o [Streams+1],
  input  read_beat_t              read_beat_i [Streams+1],
  // write clients of memory_ports
  output logic [WriteClients-1:0] write_burst_valid_o, write_beat_valid_o,
  input  logic [WriteClients-1:0] write_burst_ready_i, write_beat_ready_i,
  output burst_t                  write_burst_o [WriteClients],
  output memory_t                 write_memory_o,
  output write_beat_t             write_beat_o [WriteClients],
  input  logic [WriteClients-1:0] write_response_valid_i, write_response_error_i,
  // match_array
  output search_config_t          search_config_o,
  output logic                    match_start_o, match_active_o,
  input  logic                    match_ready_i, match_idle_i,
  input  logic [Streams-1:0][Probes-1:0] probe_parity_i,
  input  logic [Probes-1:0]       probe_loaded_i,
  output logic                    probe_line_valid_o,
  input  logic                    probe_line_ready_i,
  output probe_line_t             probe_line_o,
  output logic                    probe_discard_valid_o,
  output logic [7:0]              probe_discard_slot_o,
  output logic [Streams-1:0]      line_valid_o,
  input  logic [Streams-1:0]      line_ready_i,
  output gallery_line_t           line_o [Streams],
  input  logic [Streams-1:0]      record_error_i,
  output logic                    result_request_valid_o,
  input  logic                    result_request_ready_i,
  output result_request_t         result_request_o,
  input  logic                    result_line_valid_i,
  output logic                    result_line_ready_o,
  input  result_line_t            result_line_i,
  // interrupts
  output logic                    msix_valid_o,
  input  logic                    msix_ready_i,
  output logic [7:0]              msix_vector_o
);
  logic [QueuePairs-1:0] sq_advance, cq_advance, halt, interrupt;
  logic                  create, remove, restart, fetch_busy, io_abort;
  pair_setup_t           create_setup;
  logic [7:0]            remove_index, fetch_index, io_index;
  command_t              command;
  logic                  admin_command_valid, admin_command_ready, io_command_valid, io_command_ready;
  logic                  admin_completion_valid, admin_completion_ready, io_completion_valid, io_completion_ready;
  completion_t           admin_completion, io_completion;
  logic                  admin_running, io_running, io_aborted, abort;
  logic [15:0]           io_tag;
  sqe_t                  sqe;
  logic                  probe_start, probe_done, search_start, search_done;
  outcome_t              probe_outcome, search_outcome;
  burst_t                search_burst [Streams+1];
  logic                  copy_start, copy_done;
  outcome_t              copy_outcome;
  memory_t               search_memory [Streams];
  read_beat_t            search_beat [Streams];

  assign busy_o  = admin_running || io_running;
  assign quiet_o = !busy_o && !fetch_busy;

  queue_state #(.QueuePairs(QueuePairs)) i_state (
    .clk_i, .rst_i,
    .admin_start_i,
    .admin_setup_i,
    .forget_i,
    .create_i       (create),
    .create_setup_i (create_setup),
    .delete_i       (remove),
    .delete_index_i (remove_index),
    .restart_i      (restart),
    .restart_index_i(remove_index),
    .doorbell_valid_i,
    .doorbell_i,
    .refusal_valid_o(error_valid_o[0]),
    .refusal_o      (error_o[0]),
    .sq_advance_i   (sq_advance),
    .cq_advance_i   (cq_advance),
    .halt_i         (halt),
    .pair_o
  );

  sq_fetch #(.QueuePairs(QueuePairs)) i_fetch (
    .clk_i, .rst_i,
    .pair_i               (pair_o),
    .sq_advance_o         (sq_advance),
    .busy_o               (fetch_busy),
    .busy_index_o         (fetch_index),
    .burst_valid_o        (read_burst_valid_o[0]),
    .burst_ready_i        (read_burst_ready_i[0]),
    .burst_o              (read_burst_o[0]),
    .beat_valid_i         (read_beat_valid_i[0]),
    .beat_i               (host_beat_i),
    .admin_command_valid_o(admin_command_valid),
    .admin_command_ready_i(admin_command_ready),
    .io_command_valid_o   (io_command_valid),
    .io_command_ready_i   (io_command_ready),
    .command_o            (command)
  );

  cq_post #(.QueuePairs(QueuePairs)) i_post (
    .clk_i, .rst_i,
    .pair_i          (pair_o),
    .cq_advance_o    (cq_advance),
    .halt_o          (halt),
    .interrupt_o     (interrupt),
    .posted_o        (command_done_o),
    .admin_valid_i   (admin_completion_valid),
    .admin_ready_o   (admin_completion_ready),
    .admin_i         (admin_completion),
    .io_valid_i      (io_completion_valid),
    .io_ready_o      (io_completion_ready),
    .io_i            (io_completion),
    .burst_valid_o   (write_burst_valid_o[0]),
    .burst_ready_i   (write_burst_ready_i[0]),
    .burst_o         (write_burst_o[0]),
    .beat_valid_o    (write_beat_valid_o[0]),
    .beat_ready_i    (write_beat_ready_i[0]),
    .beat_o          (write_beat_o[0]),
    .response_valid_i(write_response_valid_i[0]),
    .response_error_i(write_response_error_i[0]),
    .hung_i          (write_hung_i[0]),
    .error_valid_o   (error_valid_o[1]),
    .error_o         (error_o[1])
  );

  msix_request #(.QueuePairs(QueuePairs)) i_msix (
    .clk_i, .rst_i,
    .interrupt_i(interrupt),
    .msix_valid_o, .msix_ready_i, .msix_vector_o
  );

  admin_exec #(.QueuePairs(QueuePairs)) i_admin (
    .clk_i, .rst_i,
    .pair_i            (pair_o),
    .running_o         (admin_running),
    .command_valid_i   (admin_command_valid),
    .command_ready_o   (admin_command_ready),
    .command_i         (command),
    .completion_valid_o(admin_completion_valid),
    .completion_ready_i(admin_completion_ready),
    .completion_o      (admin_completion),
    .create_o          (create),
    .create_setup_o    (create_setup),
    .delete_o          (remove),
    .delete_index_o    (remove_index),
    .restart_o         (restart),
    .fetch_busy_i      (fetch_busy),
    .fetch_index_i     (fetch_index),
    .io_running_i      (io_running),
    .io_index_i        (io_index),
    .io_tag_i          (io_tag),
    .io_aborted_i      (io_aborted),
    .io_abort_o        (io_abort)
  );

  io_exec i_io (
    .clk_i, .rst_i,
    .running_o         (io_running),
    .running_index_o   (io_index),
    .running_tag_o     (io_tag),
    .aborted_o         (io_aborted),
    .abort_i           (io_abort || forget_i),
    .watchdog_i,
    .hung_i            (read_hung_i != '0 || write_hung_i[WriteClients-1:1] != '0),
    .command_valid_i   (io_command_valid),
    .command_ready_o   (io_command_ready),
    .command_i         (command),
    .completion_valid_o(io_completion_valid),
    .completion_ready_i(io_completion_ready),
    .completion_o      (io_completion),
    .sqe_o             (sqe),
    .abort_o           (abort),
    .probe_start_o     (probe_start),
    .probe_done_i      (probe_done),
    .probe_outcome_i   (probe_outcome),
    .copy_start_o      (copy_start),
    .copy_done_i       (copy_done),
    .copy_outcome_i    (copy_outcome),
    .search_start_o    (search_start),
    .search_done_i     (search_done),
    .search_outcome_i  (search_outcome)
  );

  probe_exec #(.Probes(Probes)) i_probe (
    .clk_i, .rst_i,
    .start_i      (probe_start),
    .sqe_i        (sqe),
    .abort_i      (abort),
    .done_o       (probe_done),
    .outcome_o    (probe_outcome),
    .burst_valid_o(read_burst_valid_o[1]),
    .burst_ready_i(read_burst_ready_i[1]),
    .burst_o      (read_burst_o[1]),
    .beat_valid_i (read_beat_valid_i[1]),
    .beat_i       (host_beat_i),
    .probe_line_valid_o, .probe_line_ready_i, .probe_line_o, .probe_discard_valid_o, .probe_discard_slot_o
  );

  for (genvar c = 0; c <= Streams; c++) begin : gen_search_burst
    assign read_burst_o[2+c] = search_burst[c];
  end

  for (genvar s = 0; s < Streams; s++) begin : gen_search_memory
    assign read_memory_o[s] = search_memory[s];
    assign search_beat[s]   = read_beat_i[s];
  end

  copy_exec #(.Channels(Channels)) i_copy (
    .clk_i, .rst_i,
    .start_i               (copy_start),
    .sqe_i                 (sqe),
    .abort_i               (abort),
    .done_o                (copy_done),
    .outcome_o             (copy_outcome),
    .memory_units_i,
    .burst_valid_o         (read_burst_valid_o[ReadClients-1]),
    .burst_ready_i         (read_burst_ready_i[ReadClients-1]),
    .burst_o               (read_burst_o[ReadClients-1]),
    .memory_o              (read_memory_o[Streams]),
    .beat_valid_i          (read_beat_valid_i[ReadClients-1]),
    .beat_i                (read_beat_i[Streams]),
    .write_burst_valid_o   (write_burst_valid_o[2]),
    .write_burst_ready_i   (write_burst_ready_i[2]),
    .write_burst_o         (write_burst_o[2]),
    .write_memory_o,
    .write_beat_valid_o    (write_beat_valid_o[2]),
    .write_beat_ready_i    (write_beat_ready_i[2]),
    .write_beat_o          (write_beat_o[2]),
    .write_response_valid_i(write_response_valid_i[2]),
    .write_response_error_i(write_response_error_i[2])
  );

  search_exec #(.Streams(Streams), .Probes(Probes), .Channels(Channels)) i_search (
    .clk_i, .rst_i,
    .start_i                (search_start),
    .sqe_i                  (sqe),
    .abort_i                (abort),
    .done_o                 (search_done),
    .outcome_o              (search_outcome),
    .memory_units_i,
    .burst_valid_o          (read_burst_valid_o[ReadClients-2:2]),
    .burst_ready_i          (read_burst_ready_i[ReadClients-2:2]),
    .burst_o                (search_burst),
    .beat_valid_i           (read_beat_valid_i[ReadClients-2:2]),
    .beat_i                 (host_beat_i),
    .memory_o               (search_memory),
    .stream_beat_i          (search_beat),
    .result_burst_valid_o   (write_burst_valid_o[1]),
    .result_burst_ready_i   (write_burst_ready_i[1]),
    .result_burst_o         (write_burst_o[1]),
    .result_beat_valid_o    (write_beat_valid_o[1]),
    .result_beat_ready_i    (write_beat_ready_i[1]),
    .result_beat_o          (write_beat_o[1]),
    .result_response_valid_i(write_response_valid_i[1]),
    .result_response_error_i(write_response_error_i[1]),
    .search_config_o,
    .match_start_o, .match_ready_i, .match_active_o, .match_idle_i, .probe_parity_i, .probe_loaded_i,
    .line_valid_o, .line_ready_i, .line_o, .record_error_i,
    .result_request_valid_o, .result_request_ready_i, .result_request_o,
    .result_line_valid_i, .result_line_ready_o, .result_line_i
  );
endmodule
