// SPDX-License-Identifier: Apache-2.0 OR MIT

/// axi_write_port behind a write_guard: a memory that does not answer costs a client its burst, and nobody more.
///
/// Throughput and latency are the port's. `rst_i` resets the bus side, `clear_i` the clients' side alone.
module guarded_write_port import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Clients = 2  // 1 to 2**AXI_ID_BITS
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   clear_i,        // the clients are in reset
  input  logic                   drain_i,        // begin no burst
  input  logic [31:0]            timeout_i,      // cycles, 0: never
  output logic                   idle_o,         // the bus owes nothing
  output logic                   settled_o,      // the bus owes nothing but to hung clients
  output logic [Clients-1:0]     hung_o,
  // bursts
  input  logic [Clients-1:0]     burst_valid_i,
  output logic [Clients-1:0]     burst_ready_o,
  input  burst_t                 burst_i [Clients],
  // their beats
  input  logic [Clients-1:0]     beat_valid_i,
  output logic [Clients-1:0]     beat_ready_o,
  input  write_beat_t            beat_i [Clients],
  // their answers
  output logic [Clients-1:0]     response_valid_o,
  output logic                   response_error_o,
  // pulses for the counters
  output logic                   beat_done_o,
  output logic                   burst_error_o,
  // AXI4
  output logic [AXI_ID_BITS-1:0] m_axi_awid,
  output logic [63:0]            m_axi_awaddr,
  output logic [7:0]             m_axi_awlen,
  output logic [2:0]             m_axi_awsize,
  output logic [1:0]             m_axi_awburst,
  output logic                   m_axi_awvalid,
  input  logic                   m_axi_awready,
  output line_data_t             m_axi_wdata,
  output logic [LINE_BYTES-1:0]  m_axi_wstrb,
  output logic                   m_axi_wlast,
  output logic                   m_axi_wvalid,
  input  logic                   m_axi_wready,
  input  logic [AXI_ID_BITS-1:0] m_axi_bid,
  input  logic [1:0]             m_axi_bresp,
  input  logic                   m_axi_bvalid,
  output logic                   m_axi_bready
);
  logic [Clients-1:0] burst_valid, burst_ready, beat_valid, beat_ready, response_valid;
  write_beat_t        beat [Clients];

  write_guard #(.Clients(Clients)) i_guard (
    .clk_i,
    .rst_i,
    .clear_i,
    .timeout_i,
    .hung_o,
    .settled_o,
    .burst_valid_i,
    .burst_ready_o,
    .burst_i,
    .beat_valid_i,
    .beat_ready_o,
    .beat_i,
    .response_valid_o,
    .response_error_o,
    .port_burst_valid_o   (burst_valid),
    .port_burst_ready_i   (burst_ready),
    .port_beat_valid_o    (beat_valid),
    .port_beat_ready_i    (beat_ready),
    .port_beat_o          (beat),
    .port_response_valid_i(response_valid),
    .port_response_error_i(burst_error_o)
  );

  axi_write_port #(.Clients(Clients)) i_port (
    .clk_i,
    .rst_i,
    .drain_i,
    .idle_o,
    .burst_valid_i   (burst_valid),
    .burst_ready_o   (burst_ready),
    .burst_i,
    .beat_valid_i    (beat_valid),
    .beat_ready_o    (beat_ready),
    .beat_i          (beat),
    .response_valid_o(response_valid),
    .response_error_o(burst_error_o),
    .beat_done_o,
    .m_axi_awid, .m_axi_awaddr, .m_axi_awlen, .m_axi_awsize, .m_axi_awburst, .m_axi_awvalid, .m_axi_awready,
    .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid, .m_axi_wready,
    .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready
  );
endmodule
