// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Write half of the AXI4 port to host memory, shared by `Clients` clients.
///
/// A granted client sends all beats of its burst before the next is granted, one beat per cycle. Once its burst is
/// granted a client must deliver the beats without waiting for anything but the bus. Every burst is answered by one
/// `response_valid_o` pulse; a client's answers come in the order of its bursts (AWID = client index).
/// A burst that is not taken yet may be withdrawn. At most WRITES_IN_FLIGHT_MAX are owed. While `drain_i` no burst is granted; `idle_o` tells when none is owed.
module axi_write_port import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Clients = 2  // 1 to 2**AXI_ID_BITS
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   drain_i,
  output logic                   idle_o,
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
  // pulse for the counters
  output logic                   beat_done_o,
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
  if (Clients < 1 || Clients > 2 ** AXI_ID_BITS) begin : gen_check_clients
    $error("axi_write_port: Clients must fit the identifier");
  end

  localparam int unsigned CountBits = $clog2(WRITES_IN_FLIGHT_MAX + 1);

  logic [CountBits-1:0]   in_flight_q;  // includes a burst that is still offered to the bus
  logic [Clients-1:0]     grant, owner_q;
  logic                   sending_q;    // the owner's beats are not all taken yet
  logic                   issue, take, beat_free, beat_taken;
  burst_t                 burst;
  logic [AXI_ID_BITS-1:0] id;
  write_beat_t            beat;

  assign issue = (!m_axi_awvalid || m_axi_awready) && !sending_q && !drain_i
      && in_flight_q < CountBits'(WRITES_IN_FLIGHT_MAX);
  assign take          = issue && grant != '0;
  assign burst_ready_o = issue ? grant : '0;
  assign beat_free     = !m_axi_wvalid || m_axi_wready;
  assign beat_ready_o  = sending_q && beat_free ? owner_q : '0;
  assign beat_taken    = (beat_valid_i & beat_ready_o) != '0;
  assign idle_o        = in_flight_q == '0;

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
    beat  = beat_i[0];
    for (int unsigned client = 0; client < Clients; client++) begin
      if (grant[client]) begin
        burst = burst_i[client];
        id    = AXI_ID_BITS'(client);
      end
      if (owner_q[client]) beat = beat_i[client];
    end
  end

  assign m_axi_awsize  = 3'(LINE_OFFSET_BITS);
  assign m_axi_awburst = 2'b01;  // INCR
  assign m_axi_bready  = 1'b1;

  always_ff @(posedge clk_i) begin
    if (take) begin
      m_axi_awid   <= id;
      m_axi_awaddr <= burst.host_addr;
      m_axi_awlen  <= burst.lines_less1;
      owner_q      <= grant;
    end
    if (beat_taken) begin
      m_axi_wdata <= beat.data;
      m_axi_wstrb <= beat.strobe;
      m_axi_wlast <= beat.last;
    end
    if (take) m_axi_awvalid <= 1'b1;
    else if (m_axi_awready) m_axi_awvalid <= 1'b0;
    if (beat_taken) m_axi_wvalid <= 1'b1;
    else if (m_axi_wready) m_axi_wvalid <= 1'b0;
    if (take) sending_q <= 1'b1;
    else if (beat_taken && beat.last) sending_q <= 1'b0;
    in_flight_q <= in_flight_q + CountBits'(take) - CountBits'(m_axi_bvalid);

    for (int unsigned client = 0; client < Clients; client++) begin
      response_valid_o[client] <= m_axi_bvalid && m_axi_bid == AXI_ID_BITS'(client);
    end
    response_error_o <= m_axi_bvalid && m_axi_bresp != 2'b00;
    beat_done_o      <= m_axi_wvalid && m_axi_wready;
    if (rst_i) begin
      m_axi_awvalid    <= 1'b0;
      m_axi_wvalid     <= 1'b0;
      sending_q        <= 1'b0;
      in_flight_q      <= '0;
      response_valid_o <= '0;
      response_error_o <= 1'b0;
      beat_done_o      <= 1'b0;
    end
  end

  // Beats that the burst in hand still has to bring, to hold clients to their word.
  logic [7:0] beats_left_q;
  always_ff @(posedge clk_i) begin
    if (take) beats_left_q <= burst.lines_less1;
    else if (beat_taken) beats_left_q <= beats_left_q - 8'd1;
  end

  `ASSERT_HELD(AddressHeld, m_axi_awvalid, m_axi_awready, {m_axi_awid, m_axi_awaddr, m_axi_awlen})
  `ASSERT_HELD(DataHeld, m_axi_wvalid, m_axi_wready, {m_axi_wdata, m_axi_wstrb, m_axi_wlast})
  `ASSERT(WritesInFlightBounded, in_flight_q <= CountBits'(WRITES_IN_FLIGHT_MAX))
  `ASSERT_IF(NoResponseUnasked, m_axi_bvalid, in_flight_q != '0)
  `ASSERT_IF(WithinFourKiB, m_axi_awvalid, 13'(m_axi_awaddr[11:0]) + (13'(m_axi_awlen) << LINE_OFFSET_BITS) < 13'd4096)
  `ASSERT_IF(WholeLines, m_axi_awvalid, m_axi_awaddr[LINE_OFFSET_BITS-1:0] == '0)
  `ASSERT_IF(LastEndsTheBurst, beat_taken, beat.last == (beats_left_q == '0))
endmodule
