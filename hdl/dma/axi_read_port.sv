// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Read half of the AXI4 port to host memory, shared by `Clients` clients.
///
/// A client's bursts are issued in its order under its own identifier (ARID = client index), so its beats
/// return in order. One burst per cycle, round robin; at most READS_IN_FLIGHT_MAX are owed by the host.
/// Beats are never stalled: a client asks only for what it has room for. A beat reaches its client one
/// cycle after the bus. A burst that is not taken yet may be withdrawn. While `drain_i` no new burst is issued, and `idle_o` tells when none is owed.
module axi_read_port import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Clients = 4  // 1 to 2**AXI_ID_BITS
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   drain_i,
  output logic                   idle_o,
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
  if (Clients < 1 || Clients > 2 ** AXI_ID_BITS) begin : gen_check_clients
    $error("axi_read_port: Clients must fit the identifier");
  end

  localparam int unsigned CountBits = $clog2(READS_IN_FLIGHT_MAX + 1);

  logic [CountBits-1:0]   in_flight_q;  // includes a burst that is still offered to the bus
  logic [Clients-1:0]     grant;
  logic                   issue, take, finished;
  burst_t                 burst;
  logic [AXI_ID_BITS-1:0] id;
  logic [Clients-1:0]     error_q;      // an earlier beat of the client's returning burst failed
  logic [Clients-1:0]     returning;

  assign issue         = (!m_axi_arvalid || m_axi_arready) && !drain_i && in_flight_q < CountBits'(READS_IN_FLIGHT_MAX);
  assign take          = issue && grant != '0;
  assign burst_ready_o = issue ? grant : '0;
  assign finished      = m_axi_rvalid && m_axi_rlast;
  assign idle_o        = in_flight_q == '0 && beat_valid_o == '0;

  rr_arbiter #(.Requesters(Clients)) i_arbiter (
    .clk_i,
    .rst_i,
    .request_i(burst_valid_i),
    .advance_i(issue),
    .grant_o  (grant)
  );

  always_comb begin
    burst = '0;
    id    = '0;
    for (int unsigned client = 0; client < Clients; client++) begin
      if (grant[client]) begin
        burst = burst_i[client];
        id    = AXI_ID_BITS'(client);
      end
    end
  end

  assign m_axi_arsize  = 3'(LINE_OFFSET_BITS);
  assign m_axi_arburst = 2'b01;  // INCR
  assign m_axi_rready  = 1'b1;

  always_ff @(posedge clk_i) begin
    if (take) begin
      m_axi_arid   <= id;
      m_axi_araddr <= burst.host_addr;
      m_axi_arlen  <= burst.lines_less1;
    end
    if (take) m_axi_arvalid <= 1'b1;
    else if (m_axi_arready) m_axi_arvalid <= 1'b0;
    in_flight_q <= in_flight_q + CountBits'(take) - CountBits'(finished);
    if (rst_i) begin
      m_axi_arvalid <= 1'b0;
      in_flight_q   <= '0;
    end
  end

  // Beats of different identifiers may be interleaved, so each client has its own error flag.
  always_comb begin
    for (int unsigned client = 0; client < Clients; client++) begin
      returning[client] = m_axi_rvalid && m_axi_rid == AXI_ID_BITS'(client);
    end
  end

  always_ff @(posedge clk_i) begin
    beat_valid_o <= returning;
    if (m_axi_rvalid) begin
      beat_o.data  <= m_axi_rdata;
      beat_o.error <= m_axi_rresp != 2'b00;
      beat_o.last  <= m_axi_rlast;
    end
    for (int unsigned client = 0; client < Clients; client++) begin
      if (returning[client]) error_q[client] <= !m_axi_rlast && (error_q[client] || m_axi_rresp != 2'b00);
    end
    beat_done_o   <= m_axi_rvalid;
    burst_error_o <= finished && (m_axi_rresp != 2'b00 || (returning & error_q) != '0);
    if (rst_i) begin
      beat_valid_o  <= '0;
      error_q       <= '0;
      beat_done_o   <= 1'b0;
      burst_error_o <= 1'b0;
    end
  end

  `ASSERT_HELD(AddressHeld, m_axi_arvalid, m_axi_arready, {m_axi_arid, m_axi_araddr, m_axi_arlen})
  `ASSERT(ReadsInFlightBounded, in_flight_q <= CountBits'(READS_IN_FLIGHT_MAX))
  `ASSERT_IF(NoDataUnasked, m_axi_rvalid, in_flight_q != '0)
  `ASSERT_IF(WithinFourKiB, m_axi_arvalid, 13'(m_axi_araddr[11:0]) + (13'(m_axi_arlen) << LINE_OFFSET_BITS) < 13'd4096)
  `ASSERT_IF(WholeLines, m_axi_arvalid, m_axi_araddr[LINE_OFFSET_BITS-1:0] == '0)
  `ASSERT_NEXT(NothingIssuedInDrain, !take && !m_axi_arvalid, !drain_i || !m_axi_arvalid)
endmodule
