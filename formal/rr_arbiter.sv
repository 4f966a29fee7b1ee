// SPDX-License-Identifier: Apache-2.0 OR MIT

/// rr_arbiter: one grant at most, to who asks; a constant requester sees at most Requesters - 1 other grants.
module rr_arbiter_formal #(
  parameter int unsigned Requesters = 5
) (
  input logic                  clk_i,
  input logic                  rst_i,
  input logic [Requesters-1:0] request_i,
  input logic                  advance_i
);
  localparam int unsigned CountBits = $clog2(2 * Requesters);

  logic [Requesters-1:0] grant;
  logic                  first_q = 1'b1;

  rr_arbiter #(.Requesters(Requesters)) i_dut (.clk_i, .rst_i, .request_i, .advance_i, .grant_o(grant));

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb assume (!first_q || rst_i);

  // For the induction: those in turn are the ones above the last granted, so their number says who it was.
  logic [Requesters-1:0] in_turn;
  assign in_turn = i_dut.in_turn_q;
  always_ff @(posedge clk_i) if (!rst_i) InTurnIsAnUpperPart: assert ((~in_turn & (~in_turn + 1'b1)) == '0);

  for (genvar r = 0; r < Requesters; r++) begin : gen_requester
    logic [CountBits-1:0] passed_over_q;  // grants to others since r asks without a break
    logic [CountBits-1:0] to_go;          // requesters that still come before r

    assign to_go = CountBits'((r + $countones(in_turn)) % Requesters);

    always_ff @(posedge clk_i) begin
      if (rst_i || !request_i[r] || (advance_i && grant[r])) passed_over_q <= '0;
      else if (advance_i && grant != '0) passed_over_q <= passed_over_q + 1'b1;
    end

    always_ff @(posedge clk_i) if (!rst_i) begin
      Fair: assert (passed_over_q < CountBits'(Requesters));
      // Of those who wait, each grant to another brings the turn nearer.
      NearerTheTurn: assert (passed_over_q + to_go < CountBits'(Requesters));
      Served: cover (passed_over_q == CountBits'(Requesters - 1) && grant[r]);
    end
  end
endmodule
