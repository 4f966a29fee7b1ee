// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Bins of how something ends: each status that it can end with. One that is not foreseen here fails.
module status_cover import whorl_gen_pkg::*; #(
  parameter logic [15:0] Statuses = '0,   // bit s: status s
  parameter bit          Partial  = 1'b0  // there are other statuses, counted elsewhere
) (
  input logic    clk_i,
  input logic    rst_i,
  input logic    valid_i,
  input status_e status_i
);
  for (genvar s = 0; s < 16; s++) begin : gen_status
    if (Statuses[s]) begin : gen_foreseen
      Ended: cover property (@(posedge clk_i) disable iff (rst_i) valid_i && status_i == status_e'(s));
    end
  end

  `ASSERT_IF(Foreseen, valid_i && !Partial, 32'(status_i) < 16 && Statuses[4'(status_i)])
endmodule
