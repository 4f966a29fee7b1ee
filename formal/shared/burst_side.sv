// SPDX-License-Identifier: Apache-2.0 OR MIT

/// What axi_read_port and axi_write_port have in common: bursts of clients become addresses on the bus.
///
/// One burst is granted at a time, to who asks and never in a drain; each burst taken is offered on the bus as it was
/// asked for and held until the bus takes it; what the bus owes is counted right and bounded; a client that keeps asking
/// is overtaken by at most Clients - 1 bursts of others.
module burst_side_formal import dma_pkg::*; #(
  parameter int unsigned Clients     = 3,
  parameter int unsigned InFlightMax = 32,
  localparam int unsigned OwedBits   = $clog2(InFlightMax + 2)
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   drain_i,
  input  logic [Clients-1:0]     burst_valid_i,
  input  logic [Clients-1:0]     burst_ready_i,
  input  burst_t                 burst_i [Clients],
  // the bus
  input  logic                   addr_valid_i,
  input  logic [AXI_ID_BITS-1:0] addr_id_i,
  input  logic [63:0]            addr_i,
  input  logic [7:0]             addr_len_i,
  input  logic                   answered_i,   // the last answer to a burst
  // within the port
  input  logic                   idle_i,
  input  logic [Clients-1:0]     in_turn_i,    // of its arbiter
  input  logic [OwedBits-1:0]    in_flight_i,
  output logic [Clients-1:0]     taken_o,
  output logic [OwedBits-1:0]    owed_o        // bursts that the bus has not answered
);
  localparam int unsigned CountBits = $clog2(2 * Clients);

  burst_t     taken_burst_q;
  logic [7:0] taken_client_q;
  logic       taken_q;
  logic       first_q = 1'b1;

  assign taken_o = burst_valid_i & burst_ready_i;

  always_ff @(posedge clk_i) first_q <= 1'b0;

  // Clients may withdraw what is not taken; they ask for whole lines within 4 KiB.
  always_comb begin
    assume (!first_q || rst_i);
    for (int unsigned c = 0; c < Clients; c++) begin
      assume (burst_i[c].host_addr[LINE_OFFSET_BITS-1:0] == '0);
      assume (13'(burst_i[c].host_addr[11:0]) + (13'(burst_i[c].lines_less1) << LINE_OFFSET_BITS) < 13'd4096);
      assume (burst_i[c].lines_less1 < 8'd64);
    end
  end

  always_ff @(posedge clk_i) begin
    taken_q <= taken_o != '0 && !rst_i;
    owed_o  <= rst_i ? '0 : owed_o + OwedBits'(taken_o != '0) - OwedBits'(answered_i);
    for (int unsigned c = 0; c < Clients; c++) begin
      if (taken_o[c]) begin
        taken_burst_q  <= burst_i[c];
        taken_client_q <= 8'(c);
      end
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    OneGrant: assert ($onehot0(taken_o) && (burst_ready_i & ~burst_valid_i) == '0);
    NoneInDrain: assert (!drain_i || taken_o == '0);
    OwedCounted: assert (owed_o == in_flight_i && owed_o <= OwedBits'(InFlightMax));
    OfferedIsOwed: assert (!addr_valid_i || owed_o != '0);
    IdleOwesNothing: assert (!idle_i || owed_o == '0);
    OfferedAsAsked: assert (!taken_q || (addr_valid_i && 8'(addr_id_i) == taken_client_q
        && addr_i == taken_burst_q.host_addr && addr_len_i == taken_burst_q.lines_less1));
    OfferedOnlyTaken: assert (!addr_valid_i || taken_q || $past(addr_valid_i && !rst_i));
    InTurnIsAnUpperPart: assert ((~in_turn_i & (~in_turn_i + 1'b1)) == '0);
  end

  for (genvar c = 0; c < Clients; c++) begin : gen_client
    logic [CountBits-1:0] overtaken_q, to_go;  // bursts of others since c asks; clients before c in turn

    assign to_go = CountBits'((c + $countones(in_turn_i)) % Clients);
    always_ff @(posedge clk_i) begin
      if (rst_i || !burst_valid_i[c] || taken_o[c]) overtaken_q <= '0;
      else if (taken_o != '0) overtaken_q <= overtaken_q + 1'b1;
    end
    always_ff @(posedge clk_i) if (!rst_i) begin
      Fair: assert (overtaken_q < CountBits'(Clients));
      NearerTheTurn: assert (overtaken_q + to_go < CountBits'(Clients));
      Served: cover (taken_o[c] && overtaken_q == CountBits'(Clients - 1));
    end
  end
endmodule
