// SPDX-License-Identifier: Apache-2.0 OR MIT

/// axi_read_port: what burst_side_formal says of its bursts; and each beat goes to the client of its identifier, unchanged.
module axi_read_port_formal import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Clients = 3
) (
  input logic                   clk_i,
  input logic                   rst_i,
  input logic                   drain_i,
  input logic [Clients-1:0]     burst_valid_i,
  input burst_t                 burst_i [Clients],
  input logic                   m_axi_arready,
  input logic [AXI_ID_BITS-1:0] m_axi_rid,
  input line_data_t             m_axi_rdata,
  input logic [1:0]             m_axi_rresp,
  input logic                   m_axi_rlast,
  input logic                   m_axi_rvalid
);
  localparam int unsigned OwedBits = $clog2(READS_IN_FLIGHT_MAX + 2);

  logic                   idle, addr_valid;
  logic [Clients-1:0]     burst_ready;
  logic [AXI_ID_BITS-1:0] addr_id;
  logic [63:0]            addr;
  logic [7:0]             addr_len;
  logic                   answered;
  logic [Clients-1:0]     beat_valid;
  read_beat_t             beat;

  axi_read_port #(.Clients(Clients)) i_dut (
    .clk_i, .rst_i, .drain_i, .idle_o(idle), .burst_valid_i, .burst_ready_o(burst_ready), .burst_i,
    .m_axi_arid(addr_id), .m_axi_araddr(addr), .m_axi_arlen(addr_len), .m_axi_arvalid(addr_valid),
    .m_axi_arsize(), .m_axi_arburst(), .m_axi_arready, .beat_valid_o(beat_valid), .beat_o(beat),
    .beat_done_o(), .burst_error_o(), .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready()
  );

  logic [OwedBits-1:0] owed;  // bursts that the bus has not answered

  assign answered = m_axi_rvalid && m_axi_rlast;

  burst_side_formal #(.Clients(Clients), .InFlightMax(READS_IN_FLIGHT_MAX)) i_bursts (
    .clk_i, .rst_i, .drain_i, .burst_valid_i, .burst_ready_i(burst_ready), .burst_i,
    .addr_valid_i(addr_valid), .addr_id_i(addr_id), .addr_i(addr), .addr_len_i(addr_len), .answered_i(answered),
    .idle_i(idle), .in_turn_i(i_dut.i_arbiter.in_turn_q), .in_flight_i(OwedBits'(i_dut.in_flight_q)),
    .taken_o(), .owed_o(owed)
  );

  // The bus answers what it owes.
  always_comb begin
    assume (!m_axi_rvalid || (owed > OwedBits'(addr_valid) && m_axi_rid < AXI_ID_BITS'(Clients)));
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    BeatToItsClient: assert (!$past(m_axi_rvalid && !rst_i) || (beat_valid == Clients'(1) << $past(m_axi_rid)
        && beat.last == $past(m_axi_rlast) && beat.data == $past(m_axi_rdata)));
    NoBeatUnasked: assert (beat_valid == '0 || $past(m_axi_rvalid));
  end
endmodule
