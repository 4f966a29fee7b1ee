// SPDX-License-Identifier: Apache-2.0 OR MIT

/// The card without its board: BAR0 on AXI4-Lite, host memory and channels of card memory on AXI4, interrupt requests.
///
/// Ports follow AXI's names, so that shells and bus models bind to them. Bursts are INCR, of 64-byte beats, and
/// never cross 4 KiB; at most READS_IN_FLIGHT_MAX reads are under way per port; each client has one identifier.
/// A card without card memory has one channel's ports all the same: nothing is asked there, and inputs are to be 0.
module whorl_core import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*, match_pkg::*; #(
  parameter int unsigned Streams    = 1,  // record streams, 1 to STREAMS_MAX
  parameter int unsigned Probes     = 1,  // engines per stream, 1 to PROBES_MAX
  parameter int unsigned QueuePairs = 4,  // 2 to QUEUE_PAIRS_MAX, the admin pair included
  parameter int unsigned Channels   = 0,  // of card memory, 0 to CHANNELS_MAX
  parameter logic [31:0] BuildId    = 0,  // what id_build reads as
  localparam int unsigned Ports     = Channels == 0 ? 1 : Channels
) (
  input  logic         clk_i,
  input  logic         rst_i,
  // BAR0
  input  logic [15:0]  s_axil_awaddr,
  input  logic         s_axil_awvalid,
  output logic         s_axil_awready,
  input  logic [31:0]  s_axil_wdata,
  input  logic [3:0]   s_axil_wstrb,
  input  logic         s_axil_wvalid,
  output logic         s_axil_wready,
  output logic [1:0]   s_axil_bresp,
  output logic         s_axil_bvalid,
  input  logic         s_axil_bready,
  input  logic [15:0]  s_axil_araddr,
  input  logic         s_axil_arvalid,
  output logic         s_axil_arready,
  output logic [31:0]  s_axil_rdata,
  output logic [1:0]   s_axil_rresp,
  output logic         s_axil_rvalid,
  input  logic         s_axil_rready,
  // host memory
  output logic [4:0]   m_axi_awid, m_axi_arid,
  output logic [63:0]  m_axi_awaddr, m_axi_araddr,
  output logic [7:0]   m_axi_awlen, m_axi_arlen,
  output logic [2:0]   m_axi_awsize, m_axi_arsize,
  output logic [1:0]   m_axi_awburst, m_axi_arburst,
  output logic         m_axi_awvalid, m_axi_arvalid, m_axi_wvalid, m_axi_wlast, m_axi_bready, m_axi_rready,
  output logic [511:0] m_axi_wdata,
  output logic [63:0]  m_axi_wstrb,
  input  logic         m_axi_awready, m_axi_arready, m_axi_wready, m_axi_bvalid, m_axi_rvalid, m_axi_rlast,
  input  logic [4:0]   m_axi_bid, m_axi_rid,
  input  logic [1:0]   m_axi_bresp, m_axi_rresp,
  input  logic [511:0] m_axi_rdata,
  // card memory
  input  logic [31:0]  memory_units_i [Ports],  // size of each channel in CHANNEL_UNIT_BYTES, constant
  output logic [4:0]   m_axi_mem_awid [Ports], m_axi_mem_arid [Ports],
  output logic [63:0]  m_axi_mem_awaddr [Ports], m_axi_mem_araddr [Ports],
  output logic [7:0]   m_axi_mem_awlen [Ports], m_axi_mem_arlen [Ports],
  output logic [2:0]   m_axi_mem_awsize [Ports], m_axi_mem_arsize [Ports],
  output logic [1:0]   m_axi_mem_awburst [Ports], m_axi_mem_arburst [Ports],
  output logic         m_axi_mem_awvalid [Ports], m_axi_mem_arvalid [Ports], m_axi_mem_wvalid [Ports],
  output logic         m_axi_mem_wlast [Ports], m_axi_mem_bready [Ports], m_axi_mem_rready [Ports],
  output logic [511:0] m_axi_mem_wdata [Ports],
  output logic [63:0]  m_axi_mem_wstrb [Ports],
  input  logic         m_axi_mem_awready [Ports], m_axi_mem_arready [Ports], m_axi_mem_wready [Ports],
  input  logic         m_axi_mem_bvalid [Ports], m_axi_mem_rvalid [Ports], m_axi_mem_rlast [Ports],
  input  logic [4:0]   m_axi_mem_bid [Ports], m_axi_mem_rid [Ports],
  input  logic [1:0]   m_axi_mem_bresp [Ports], m_axi_mem_rresp [Ports],
  input  logic [511:0] m_axi_mem_rdata [Ports],
  // MSI-X requests, vector = queue index
  output logic         msix_valid_o,
  input  logic         msix_ready_i,
  output logic [7:0]   msix_vector_o
);
  if (Streams < 1 || Streams > STREAMS_MAX || Probes < 1 || Probes > PROBES_MAX) begin : gen_check_size
    $error("whorl_core: Streams and Probes must be 1 to STREAMS_MAX and PROBES_MAX");
  end

  localparam int unsigned HostReaders  = 3;            // of command_engine's read clients
  localparam int unsigned Readers      = Streams + 1, ReadClients = HostReaders + Readers;
  localparam int unsigned WriteClients = 3, ErrorSources = 2;

  logic                    core_rst, drain, ready, busy, quiet, fault, enable, soft_reset, clear_errors, admin_start, forget;
  logic                    dma_idle, dma_settled, command_done, doorbell_valid;
  logic                    read_beat, read_wait, read_error, write_beat, write_error;
  pair_setup_t             admin_setup;
  doorbell_t               doorbell;
  queue_pair_t             pair [QueuePairs];
  logic [ErrorSources-1:0] error_valid;
  error_t                  error [ErrorSources], first_error, latest_error;
  logic [31:0]             error_count, bus_timeout, watchdog_limit;
  counters_t               counters;
  stream_totals_t          stream_totals [Streams];
  stream_events_t          events [Streams];
  logic [ReadClients-1:0]  read_burst_valid, read_burst_ready, read_beat_valid, read_hung;
  burst_t                  read_burst [ReadClients];
  read_beat_t              host_beat, read_data [Readers];
  memory_t                 read_memory [Readers], write_memory;
  logic [WriteClients-1:0] write_burst_valid, write_burst_ready, write_beat_valid, write_beat_ready;
  logic [WriteClients-1:0] write_response_valid, write_response_error, write_hung;
  burst_t                  write_burst [WriteClients];
  write_beat_t             write_data [WriteClients];
  search_config_t          search_config;
  logic                    match_start, match_ready, match_active, match_idle;
  logic [Streams-1:0][Probes-1:0] probe_parity_error;
  logic                    probe_line_valid, probe_line_ready, probe_discard_valid;
  logic [Probes-1:0]       probe_loaded;
  probe_line_t             probe_line;
  logic [7:0]              probe_discard_slot;
  logic [Streams-1:0]      line_valid, line_ready, record_error;
  gallery_line_t           line [Streams];
  logic                    result_request_valid, result_request_ready, result_line_valid, result_line_ready;
  result_request_t         result_request;
  result_line_t            result_line;

  csr_block #(.Streams(Streams), .Probes(Probes), .QueuePairs(QueuePairs), .Channels(Channels), .BuildId(BuildId)) i_csr (
    .clk_i, .rst_i,
    .s_axil_awaddr, .s_axil_awvalid, .s_axil_awready, .s_axil_wdata, .s_axil_wstrb, .s_axil_wvalid, .s_axil_wready,
    .s_axil_bresp, .s_axil_bvalid, .s_axil_bready, .s_axil_araddr, .s_axil_arvalid, .s_axil_arready,
    .s_axil_rdata, .s_axil_rresp, .s_axil_rvalid, .s_axil_rready,
    .enable_o        (enable),
    .reset_o         (soft_reset),
    .clear_errors_o  (clear_errors),
    .bus_timeout_o   (bus_timeout),
    .watchdog_o      (watchdog_limit),
    .admin_setup_o   (admin_setup),
    .doorbell_valid_o(doorbell_valid),
    .doorbell_o      (doorbell),
    .memory_units_i,
    .ready_i         (ready),
    .busy_i          (busy),
    .dma_idle_i      (dma_idle),
    .hung_i          (read_hung != '0 || write_hung != '0),
    .fault_i         (fault),
    .error_i         (first_error),
    .latest_error_i  (latest_error),
    .error_count_i   (error_count),
    .counters_i      (counters),
    .stream_i        (stream_totals),
    .pair_i          (pair)
  );

  core_control i_control (
    .clk_i, .rst_i,
    .enable_i      (enable),
    .reset_i       (soft_reset),
    .ready_o       (ready),
    .engine_quiet_i(quiet),
    .dma_settled_i (dma_settled),
    .drain_o       (drain),
    .core_rst_o    (core_rst),
    .admin_start_o (admin_start), .forget_o(forget)
  );

  error_log #(.Sources(ErrorSources)) i_errors (
    .clk_i, .rst_i(core_rst),
    .clear_i      (clear_errors),
    .error_valid_i(error_valid),
    .error_i      (error),
    .fault_o      (fault),
    .error_o      (first_error), .latest_o(latest_error), .count_o(error_count)
  );

  core_counters #(.Streams(Streams)) i_counters (
    .clk_i, .rst_i(core_rst),
    .busy_i       (busy),
    .read_beat_i  (read_beat), .write_beat_i(write_beat),
    .read_wait_i  (read_wait),
    .read_hold_i  (m_axi_arvalid && !m_axi_arready),
    .read_error_i (read_error),
    .write_error_i(write_error),
    .command_i    (command_done),
    .events_i     (events),
    .counters_o   (counters),
    .streams_o    (stream_totals)
  );

  memory_ports #(.Channels(Channels), .HostReaders(HostReaders), .Readers(Readers), .Writers(WriteClients)) i_memory (
    .clk_i, .rst_i,
    .clear_i               (core_rst),
    .drain_i               (drain),
    .timeout_i             (bus_timeout),
    .idle_o                (dma_idle),
    .settled_o             (dma_settled),
    .read_hung_o           (read_hung),
    .write_hung_o          (write_hung),
    .read_burst_valid_i    (read_burst_valid),
    .read_burst_ready_o    (read_burst_ready),
    .read_burst_i          (read_burst),
    .read_memory_i         (read_memory),
    .read_beat_valid_o     (read_beat_valid),
    .host_beat_o           (host_beat),
    .read_beat_o           (read_data),
    .write_burst_valid_i   (write_burst_valid),
    .write_burst_ready_o   (write_burst_ready),
    .write_burst_i         (write_burst),
    .write_memory_i        (write_memory),
    .write_beat_valid_i    (write_beat_valid),
    .write_beat_ready_o    (write_beat_ready),
    .write_beat_i          (write_data),
    .write_response_valid_o(write_response_valid),
    .write_response_error_o(write_response_error),
    .host_read_beat_o      (read_beat),
    .host_read_wait_o      (read_wait),
    .host_write_beat_o     (write_beat),
    .host_read_error_o     (read_error),
    .host_write_error_o    (write_error),
    .m_axi_arid, .m_axi_araddr, .m_axi_arlen, .m_axi_arsize, .m_axi_arburst, .m_axi_arvalid, .m_axi_arready,
    .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready,
    .m_axi_awid, .m_axi_awaddr, .m_axi_awlen, .m_axi_awsize, .m_axi_awburst, .m_axi_awvalid, .m_axi_awready,
    .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid, .m_axi_wready,
    .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready,
    .m_axi_mem_arid, .m_axi_mem_araddr, .m_axi_mem_arlen, .m_axi_mem_arsize, .m_axi_mem_arburst, .m_axi_mem_arvalid,
    .m_axi_mem_arready, .m_axi_mem_rid, .m_axi_mem_rdata, .m_axi_mem_rresp, .m_axi_mem_rlast, .m_axi_mem_rvalid,
    .m_axi_mem_rready, .m_axi_mem_awid, .m_axi_mem_awaddr, .m_axi_mem_awlen, .m_axi_mem_awsize, .m_axi_mem_awburst,
    .m_axi_mem_awvalid, .m_axi_mem_awready, .m_axi_mem_wdata, .m_axi_mem_wstrb, .m_axi_mem_wlast, .m_axi_mem_wvalid,
    .m_axi_mem_wready, .m_axi_mem_bid, .m_axi_mem_bresp, .m_axi_mem_bvalid, .m_axi_mem_bready
  );

  command_engine #(.Streams(Streams), .Probes(Probes), .QueuePairs(QueuePairs), .Channels(Channels)) i_engine (
    .clk_i, .rst_i(core_rst),
    .admin_start_i         (admin_start),
    .admin_setup_i         (admin_setup),
    .forget_i              (forget),
    .watchdog_i            (watchdog_limit),
    .doorbell_valid_i      (doorbell_valid),
    .doorbell_i            (doorbell),
    .pair_o                (pair),
    .busy_o                (busy),
    .quiet_o               (quiet),
    .command_done_o        (command_done),
    .read_hung_i           (read_hung),
    .write_hung_i          (write_hung),
    .error_valid_o         (error_valid),
    .error_o               (error),
    .memory_units_i,
    .read_burst_valid_o    (read_burst_valid),
    .read_burst_ready_i    (read_burst_ready),
    .read_burst_o          (read_burst),
    .read_beat_valid_i     (read_beat_valid),
    .host_beat_i           (host_beat),
    .read_memory_o         (read_memory),
    .read_beat_i           (read_data),
    .write_burst_valid_o   (write_burst_valid),
    .write_burst_ready_i   (write_burst_ready),
    .write_burst_o         (write_burst),
    .write_memory_o        (write_memory),
    .write_beat_valid_o    (write_beat_valid),
    .write_beat_ready_i    (write_beat_ready),
    .write_beat_o          (write_data),
    .write_response_valid_i(write_response_valid),
    .write_response_error_i(write_response_error),
    .search_config_o       (search_config),
    .match_start_o         (match_start), .match_ready_i(match_ready),
    .match_active_o        (match_active),
    .match_idle_i          (match_idle),
    .probe_parity_i        (probe_parity_error),
    .probe_loaded_i        (probe_loaded),
    .probe_line_valid_o    (probe_line_valid),
    .probe_line_ready_i    (probe_line_ready),
    .probe_line_o          (probe_line),
    .probe_discard_valid_o (probe_discard_valid),
    .probe_discard_slot_o  (probe_discard_slot),
    .line_valid_o          (line_valid),
    .line_ready_i          (line_ready),
    .line_o                (line),
    .record_error_i        (record_error),
    .result_request_valid_o(result_request_valid),
    .result_request_ready_i(result_request_ready),
    .result_request_o      (result_request),
    .result_line_valid_i   (result_line_valid),
    .result_line_ready_o   (result_line_ready),
    .result_line_i         (result_line),
    .msix_valid_o, .msix_ready_i, .msix_vector_o
  );

  match_array #(.Streams(Streams), .Probes(Probes)) i_match (
    .clk_i, .rst_i(core_rst),
    .search_config_i       (search_config),
    .start_i               (match_start),
    .ready_o               (match_ready),
    .active_i              (match_active),
    .idle_o                (match_idle),
    .probe_loaded_o        (probe_loaded),
    .probe_line_valid_i    (probe_line_valid),
    .probe_line_ready_o    (probe_line_ready),
    .probe_line_i          (probe_line),
    .probe_discard_valid_i (probe_discard_valid),
    .probe_discard_slot_i  (probe_discard_slot),
    .probe_parity_error_o  (probe_parity_error),
    .line_valid_i          (line_valid),
    .line_ready_o          (line_ready),
    .line_i                (line),
    .record_error_o        (record_error),
    .events_o              (events),
    .result_request_valid_i(result_request_valid),
    .result_request_ready_o(result_request_ready),
    .result_request_i      (result_request),
    .result_line_valid_o   (result_line_valid),
    .result_line_ready_i   (result_line_ready),
    .result_line_o         (result_line)
  );
endmodule
