// SPDX-License-Identifier: Apache-2.0 OR MIT

/// axi_read_port: one burst is granted at a time, to who asks and never in a drain; each burst taken is offered on the bus
/// as it was asked for and held until the bus takes it; what the bus owes is counted right and bounded; a client that
/// keeps asking is overtaken by at most Clients - 1 bursts of others.
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
  localparam int unsigned CountBits = $clog2(2 * Clients);
  localparam int unsigned OwedBits  = $clog2(READS_IN_FLIGHT_MAX + 2);

  logic                   idle, addr_valid;
  logic [Clients-1:0]     burst_ready;
  logic [AXI_ID_BITS-1:0] addr_id;
  logic [63:0]            addr;
  logic [7:0]             addr_len;
  logic                   answered;
  logic [Clients-1:0]     beat_valid;
  read_beat_t             beat;
  logic                   first_q = 1'b1;

  axi_read_port #(.Clients(Clients)) i_dut (
    .clk_i, .rst_i, .drain_i, .idle_o(idle), .burst_valid_i, .burst_ready_o(burst_ready), .burst_i,
    .m_axi_arid(addr_id), .m_axi_araddr(addr), .m_axi_arlen(addr_len), .m_axi_arvalid(addr_valid),
    .m_axi_arsize(), .m_axi_arburst(), .m_axi_arready, .beat_valid_o(beat_valid), .beat_o(beat),
    .beat_done_o(), .burst_error_o(), .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready()
  );

  logic [Clients-1:0] taken;
  burst_t             taken_burst_q;
  logic [7:0]         taken_client_q;
  logic               taken_q;
  logic [OwedBits-1:0] owed_q;  // bursts that the bus has not answered

  assign taken = burst_valid_i & burst_ready;

  assign answered = m_axi_rvalid && m_axi_rlast;

  always_ff @(posedge clk_i) first_q <= 1'b0;

  // Clients may withdraw what is not taken; they ask for whole lines within 4 KiB; the bus answers what it owes.
  always_comb begin
    assume (!first_q || rst_i);
    for (int unsigned c = 0; c < Clients; c++) begin
      assume (burst_i[c].host_addr[LINE_OFFSET_BITS-1:0] == '0);
      assume (13'(burst_i[c].host_addr[11:0]) + (13'(burst_i[c].lines_less1) << LINE_OFFSET_BITS) < 13'd4096);
      assume (burst_i[c].lines_less1 < 8'd64);
    end
    assume (!m_axi_rvalid || (owed_q > OwedBits'(addr_valid) && m_axi_rid < AXI_ID_BITS'(Clients)));
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
    OwedCounted: assert (owed_q == OwedBits'(i_dut.in_flight_q) && owed_q <= OwedBits'(READS_IN_FLIGHT_MAX));
    OfferedIsOwed: assert (!addr_valid || owed_q != '0);
    IdleOwesNothing: assert (!idle || owed_q == '0);
    OfferedAsAsked: assert (!taken_q || (addr_valid && 8'(addr_id) == taken_client_q
        && addr == taken_burst_q.host_addr && addr_len == taken_burst_q.lines_less1));
    OfferedOnlyTaken: assert (!addr_valid || taken_q || $past(addr_valid && !rst_i));
    InTurnIsAnUpperPart: assert ((~in_turn & (~in_turn + 1'b1)) == '0);
    BeatToItsClient: assert (!$past(m_axi_rvalid && !rst_i) || (beat_valid == Clients'(1) << $past(m_axi_rid)
        && beat.last == $past(m_axi_rlast) && beat.data == $past(m_axi_rdata)));
    NoBeatUnasked: assert (beat_valid == '0 || $past(m_axi_rvalid));
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
