// SPDX-License-Identifier: Apache-2.0 OR MIT

/// axi_read_port behind a read_guard: a memory that does not answer costs a client its burst, and nobody more.
///
/// Throughput and latency are the port's. `rst_i` resets the bus side, `clear_i` the clients' side alone.
module guarded_read_port import dma_pkg::*; #(
  parameter int unsigned Clients = 4  // 1 to 2**AXI_ID_BITS
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   clear_i,        // the clients are in reset
  input  logic                   drain_i,        // begin no burst
  input  logic [31:0]            timeout_i,      // cycles, 0: never
  output logic                   idle_o,         // the bus owes nothing
  output logic                   settled_o,      // the bus owes nothing but to hung clients
  output logic [Clients-1:0]     hung_o,
  // bursts asked for
  input  logic [Clients-1:0]     burst_valid_i,
  output logic [Clients-1:0]     burst_ready_o,
  input  burst_t                 burst_i [Clients],
  // beats, one bus for all clients
  output logic [Clients-1:0]     beat_valid_o,
  output read_beat_t             beat_o,
  // pulses for the counters
  output logic                   beat_done_o,
  output logic                   burst_error_o,
  // AXI4
  output logic [AXI_ID_BITS-1:0] m_axi_arid,
  output logic [63:0]            m_axi_araddr,
  output logic [7:0]             m_axi_arlen,
  output logic [2:0]             m_axi_arsize,
  output logic [1:0]             m_axi_arburst,
  output logic                   m_axi_arvalid,
  input  logic                   m_axi_arready,
  input  logic [AXI_ID_BITS-1:0] m_axi_rid,
  input  line_data_t             m_axi_rdata,
  input  logic [1:0]             m_axi_rresp,
  input  logic                   m_axi_rlast,
  input  logic                   m_axi_rvalid,
  output logic                   m_axi_rready
);
  logic [Clients-1:0] burst_valid, burst_ready, beat_valid;
  read_beat_t         beat;

  read_guard #(.Clients(Clients)) i_guard (
    .clk_i,
    .rst_i,
    .clear_i,
    .timeout_i,
    .hung_o,
    .settled_o,
    .burst_valid_i,
    .burst_ready_o,
    .burst_i,
    .beat_valid_o,
    .beat_o,
    .port_burst_valid_o(burst_valid),
    .port_burst_ready_i(burst_ready),
    .port_beat_valid_i (beat_valid),
    .port_beat_i       (beat)
  );

  axi_read_port #(.Clients(Clients)) i_port (
    .clk_i,
    .rst_i,
    .drain_i,
    .idle_o,
    .burst_valid_i(burst_valid),
    .burst_ready_o(burst_ready),
    .burst_i,
    .beat_valid_o (beat_valid),
    .beat_o       (beat),
    .beat_done_o,
    .burst_error_o,
    .m_axi_arid, .m_axi_araddr, .m_axi_arlen, .m_axi_arsize, .m_axi_arburst, .m_axi_arvalid, .m_axi_arready,
    .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready
  );
endmodule
