// SPDX-License-Identifier: Apache-2.0 OR MIT

/// A word that comes out `Stages` cycles later. No reset: the valid bit of what it accompanies has its own.
module delay_line #(
  parameter int unsigned Width  = 8, // bits of a word
  parameter int unsigned Stages = 1  // cycles, from 1
) (
  input  logic             clk_i,
  input  logic [Width-1:0] data_i,
  output logic [Width-1:0] data_o
);
  logic [Width-1:0] words_q [Stages];

  assign data_o = words_q[Stages-1];

  always_ff @(posedge clk_i) begin
    words_q[0] <= data_i;
    for (int unsigned s = 1; s < Stages; s++) words_q[s] <= words_q[s-1];
  end
endmodule
