// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Round-robin choice of one requester.
///
/// The grant is combinational. After a cycle with `advance_i` the granted requester is the last in turn,
/// so a requester that keeps asking waits for at most `Requesters` - 1 others.
module rr_arbiter #(
  parameter int unsigned Requesters = 4  // 1 or more
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic [Requesters-1:0] request_i,
  input  logic                  advance_i,  // the grant is used this cycle
  output logic [Requesters-1:0] grant_o     // one-hot, zero where nobody asks
);
  // Requesters that are still in turn before the round starts over.
  logic [Requesters-1:0] in_turn_q, ahead;

  assign ahead   = request_i & in_turn_q;
  // x & -x leaves the lowest one.
  assign grant_o = ahead != '0 ? ahead & (~ahead + 1'b1) : request_i & (~request_i + 1'b1);

  always_ff @(posedge clk_i) begin
    // Those above the granted one: ~(grant - 1) without the grant itself.
    if (advance_i && grant_o != '0) in_turn_q <= ~(grant_o - 1'b1) & ~grant_o;
    if (rst_i) in_turn_q <= '0;
  end

  `ASSERT(GrantsOneWhoAsks, $onehot0(grant_o) && (grant_o & ~request_i) == '0)
  `ASSERT_IF(GrantsSomebody, request_i != '0, grant_o != '0)
endmodule
