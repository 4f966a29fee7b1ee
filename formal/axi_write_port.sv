// SPDX-License-Identifier: Apache-2.0 OR MIT

/// axi_write_port: one burst is granted at a time, to who asks and never in a drain; each burst taken is offered on the bus
/// as it was asked for and held until the bus takes it; what the bus owes is counted right and bounded; a client that
/// keeps asking is overtaken by at most Clients - 1 bursts of others.
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
  localparam int unsigned CountBits = $clog2(2 * Clients);
  localparam int unsigned OwedBits  = $clog2(WRITES_IN_FLIGHT_MAX + 2);

  logic                   idle, addr_valid;
  logic [Clients-1:0]     burst_ready;
  logic [AXI_ID_BITS-1:0] addr_id;
  logic [63:0]            addr;
  logic [7:0]             addr_len;
  logic                   answered, data_valid, data_last, beat_taken;
  logic [Clients-1:0]     beat_ready, owner_q;
  logic                   sending_q;  // beats of the burst taken last are missing
  logic [7:0]             left_q;     // so many after the next
  logic                   first_q = 1'b1;

  axi_write_port #(.Clients(Clients)) i_dut (
    .clk_i, .rst_i, .drain_i, .idle_o(idle), .burst_valid_i, .burst_ready_o(burst_ready), .burst_i,
    .m_axi_awid(addr_id), .m_axi_awaddr(addr), .m_axi_awlen(addr_len), .m_axi_awvalid(addr_valid),
    .m_axi_awsize(), .m_axi_awburst(), .m_axi_awready, .beat_valid_i, .beat_ready_o(beat_ready), .beat_i,
    .response_valid_o(), .response_error_o(), .beat_done_o(), .m_axi_wdata(), .m_axi_wstrb(), .m_axi_wlast(data_last),
    .m_axi_wvalid(data_valid), .m_axi_wready, .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready()
  );

  logic [Clients-1:0] taken;
  burst_t             taken_burst_q;
  logic [7:0]         taken_client_q;
  logic               taken_q;
  logic [OwedBits-1:0] owed_q;  // bursts that the bus has not answered

  assign taken = burst_valid_i & burst_ready;

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

  always_ff @(posedge clk_i) first_q <= 1'b0;

  // Clients may withdraw what is not taken; they ask for whole lines within 4 KiB; the bus answers what it owes.
  always_comb begin
    assume (!first_q || rst_i);
    for (int unsigned c = 0; c < Clients; c++) begin
      assume (burst_i[c].host_addr[LINE_OFFSET_BITS-1:0] == '0);
      assume (13'(burst_i[c].host_addr[11:0]) + (13'(burst_i[c].lines_less1) << LINE_OFFSET_BITS) < 13'd4096);
      assume (burst_i[c].lines_less1 < 8'd64);
    end
    assume (!m_axi_bvalid || owed_q > OwedBits'(addr_valid || sending_q || data_valid));
    for (int unsigned c = 0; c < Clients; c++) begin
      assume (!(beat_valid_i[c] && owner_q[c] && sending_q) || beat_i[c].last == (left_q == '0));
    end
  end

  always_ff @(posedge clk_i) begin
    taken_q   <= taken != '0 && !rst_i;
    owed_q    <= rst_i ? '0 : owed_q + OwedBits'(taken != '0) - OwedBits'(answered);
    for (int unsigned c = 0; c < Clients; c++) begin
      if (taken[c]) begin
        taken_burst_q  <= burst_i[c];
        taken_client_q <= 8'(c);
      end
    end
  end

  logic [Clients-1:0] in_turn;
  assign in_turn = i_dut.i_arbiter.in_turn_q;

  always_ff @(posedge clk_i) if (!rst_i) begin
    OneGrant: assert ($onehot0(taken) && (burst_ready & ~burst_valid_i) == '0);
    NoneInDrain: assert (!drain_i || taken == '0);
    OwedCounted: assert (owed_q == OwedBits'(i_dut.in_flight_q) && owed_q <= OwedBits'(WRITES_IN_FLIGHT_MAX));
    OfferedIsOwed: assert (!addr_valid || owed_q != '0);
    IdleOwesNothing: assert (!idle || owed_q == '0);
    OfferedAsAsked: assert (!taken_q || (addr_valid && 8'(addr_id) == taken_client_q
        && addr == taken_burst_q.host_addr && addr_len == taken_burst_q.lines_less1));
    OfferedOnlyTaken: assert (!addr_valid || taken_q || $past(addr_valid && !rst_i));
    InTurnIsAnUpperPart: assert ((~in_turn & (~in_turn + 1'b1)) == '0);
    BeatsOfTheOwnerAlone: assert ((beat_ready & ~owner_q) == '0 && (sending_q || beat_ready == '0));
    WholeBurstFirst: assert (!sending_q || taken == '0);
    SendingAsGranted: assert (sending_q == i_dut.sending_q && (!sending_q || owner_q == i_dut.owner_q));
    OneOwner: assert (!sending_q || $onehot(owner_q));
    BeatsLeftAgree: assert (!sending_q || left_q == i_dut.beats_left_q);
    BeatsAreOwed: assert (!(sending_q || data_valid) || owed_q != '0);
    LongBurst: cover (data_valid && data_last && $past(data_valid && !data_last && m_axi_wready));
  end

  for (genvar c = 0; c < Clients; c++) begin : gen_client
    logic [CountBits-1:0] overtaken_q, to_go;  // bursts of others since c asks; clients before c in turn

    assign to_go = CountBits'((c + $countones(in_turn)) % Clients);
    always_ff @(posedge clk_i) begin
      if (rst_i || !burst_valid_i[c] || taken[c]) overtaken_q <= '0;
      else if (taken != '0) overtaken_q <= overtaken_q + 1'b1;
    end
    always_ff @(posedge clk_i) if (!rst_i) begin
      Fair: assert (overtaken_q < CountBits'(Clients));
      NearerTheTurn: assert (overtaken_q + to_go < CountBits'(Clients));
      Served: cover (taken[c] && overtaken_q == CountBits'(Clients - 1));
    end
  end
endmodule
