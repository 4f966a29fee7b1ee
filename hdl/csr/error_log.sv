// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Keeps the first error since reset or the last clear; later ones change nothing. One cycle of latency.
module error_log import whorl_gen_pkg::*, queue_pkg::*; #(
  parameter int unsigned Sources = 2  // the lower one goes first where two come together
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               clear_i,
  input  logic [Sources-1:0] error_valid_i,
  input  error_t             error_i [Sources],
  output logic               fault_o,  // an error is held
  output error_t             error_o   // zero while none is
);
  error_t first;

  always_comb begin
    first = '0;
    for (int s = Sources - 1; s >= 0; s--) begin
      if (error_valid_i[s]) first = error_i[s];
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i || clear_i) begin
      fault_o <= 1'b0;
      error_o <= '0;
    end else if (!fault_o && error_valid_i != '0) begin
      fault_o <= 1'b1;
      error_o <= first;
    end
  end

  `ASSERT(FirstErrorKept, fault_o && !clear_i |=> fault_o && $stable(error_o))
  `ASSERT(CodeNamesTheFault, fault_o == (error_o.code != STATUS_SUCCESS))
endmodule
