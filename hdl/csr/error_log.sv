// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Keeps the first and the latest error since reset or the last clear, and counts all. One cycle of latency.
/// Of two that come together the lower one counts as first, the upper one as latest.
module error_log import whorl_gen_pkg::*, queue_pkg::*; #(
  parameter int unsigned Sources = 2
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               clear_i,
  input  logic [Sources-1:0] error_valid_i,
  input  error_t             error_i [Sources],
  output logic               fault_o,  // an error is held
  output error_t             error_o,  // zero while none is
  output error_t             latest_o, // zero while none is
  output logic [31:0]        count_o   // stays at all ones
);
  error_t      first, latest;
  logic [32:0] count;

  always_comb begin
    first  = '0;
    latest = '0;
    count  = {1'b0, count_o} + 33'($countones(error_valid_i));
    for (int s = Sources - 1; s >= 0; s--) begin
      if (error_valid_i[s]) first = error_i[s];
    end
    for (int unsigned s = 0; s < Sources; s++) begin
      if (error_valid_i[s]) latest = error_i[s];
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i || clear_i) begin
      fault_o  <= 1'b0;
      error_o  <= '0;
      latest_o <= '0;
      count_o  <= '0;
    end else if (error_valid_i != '0) begin
      if (!fault_o) error_o <= first;
      fault_o  <= 1'b1;
      latest_o <= latest;
      count_o  <= count[32] ? '1 : count[31:0];
    end
  end

  `ASSERT_HELD(FirstErrorKept, fault_o, clear_i, error_o)
  `ASSERT(CodeNamesTheFault, fault_o == (error_o.code != STATUS_SUCCESS))
  `ASSERT(CountedWhatIsKept, fault_o == (count_o != '0))
endmodule
