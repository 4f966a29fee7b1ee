// SPDX-License-Identifier: Apache-2.0 OR MIT

/// axi_write_port: what burst_side_formal says of its bursts; and beats are taken from the owner of the burst alone, a
/// whole burst before the next.
module axi_write_port_formal import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Clients = 3
) (
  input logic                   clk_i,
  input logic                   rst_i,
  input logic                   drain_i,
  input logic [Clients-1:0]     burst_valid_i,
  input burst_t                 burst_i [Clients],
  input logic [Clients-1:0]     beat_valid_i,
  input write_beat_t            beat_i [Clients],
  input logic                   m_axi_awready,
  input logic                   m_axi_wready,
  input logic [AXI_ID_BITS-1:0] m_axi_bid,
  input logic [1:0]             m_axi_bresp,
  input logic                   m_axi_bvalid
);
  localparam int unsigned OwedBits = $clog2(WRITES_IN_FLIGHT_MAX + 2);

  logic                   idle, addr_valid;
  logic [Clients-1:0]     burst_ready;
  logic [AXI_ID_BITS-1:0] addr_id;
  logic [63:0]            addr;
  logic [7:0]             addr_len;
  logic                   answered, data_valid, data_last, beat_taken;
  logic [Clients-1:0]     beat_ready, owner_q;
  logic                   sending_q;  // beats of the burst taken last are missing
  logic [7:0]             left_q;     // so many after the next

  axi_write_port #(.Clients(Clients)) i_dut (
    .clk_i, .rst_i, .drain_i, .idle_o(idle), .burst_valid_i, .burst_ready_o(burst_ready), .burst_i,
    .m_axi_awid(addr_id), .m_axi_awaddr(addr), .m_axi_awlen(addr_len), .m_axi_awvalid(addr_valid),
    .m_axi_awsize(), .m_axi_awburst(), .m_axi_awready, .beat_valid_i, .beat_ready_o(beat_ready), .beat_i,
    .response_valid_o(), .response_error_o(), .beat_done_o(), .m_axi_wdata(), .m_axi_wstrb(), .m_axi_wlast(data_last),
    .m_axi_wvalid(data_valid), .m_axi_wready, .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready()
  );

  logic [Clients-1:0]  taken;
  logic [OwedBits-1:0] owed;  // bursts that the bus has not answered

  assign answered   = m_axi_bvalid;
  assign beat_taken = (beat_valid_i & beat_ready) != '0;

  always_ff @(posedge clk_i) begin
    if (taken != '0) begin
      sending_q <= 1'b1;
      owner_q   <= taken;
    end else if (beat_taken && left_q == '0) sending_q <= 1'b0;
    for (int unsigned c = 0; c < Clients; c++) if (taken[c]) left_q <= burst_i[c].lines_less1;
    if (beat_taken) left_q <= left_q - 8'd1;
    if (rst_i) sending_q <= 1'b0;
  end

  burst_side_formal #(.Clients(Clients), .InFlightMax(WRITES_IN_FLIGHT_MAX)) i_bursts (
    .clk_i, .rst_i, .drain_i, .burst_valid_i, .burst_ready_i(burst_ready), .burst_i,
    .addr_valid_i(addr_valid), .addr_id_i(addr_id), .addr_i(addr), .addr_len_i(addr_len), .answered_i(answered),
    .idle_i(idle), .in_turn_i(i_dut.i_arbiter.in_turn_q), .in_flight_i(OwedBits'(i_dut.in_flight_q)),
    .taken_o(taken), .owed_o(owed)
  );

  // The bus answers what it owes.
  always_comb begin
    assume (!m_axi_bvalid || owed > OwedBits'(addr_valid || sending_q || data_valid));
    for (int unsigned c = 0; c < Clients; c++) begin
      assume (!(beat_valid_i[c] && owner_q[c] && sending_q) || beat_i[c].last == (left_q == '0));
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    BeatsOfTheOwnerAlone: assert ((beat_ready & ~owner_q) == '0 && (sending_q || beat_ready == '0));
    WholeBurstFirst: assert (!sending_q || taken == '0);
    SendingAsGranted: assert (sending_q == i_dut.sending_q && (!sending_q || owner_q == i_dut.owner_q));
    OneOwner: assert (!sending_q || $onehot(owner_q));
    BeatsLeftAgree: assert (!sending_q || left_q == i_dut.beats_left_q);
    BeatsAreOwed: assert (!(sending_q || data_valid) || owed != '0);
    LongBurst: cover (data_valid && data_last && $past(data_valid && !data_last && m_axi_wready));
  end
endmodule
