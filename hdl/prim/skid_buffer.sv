// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Register slice of a valid/ready stream: no path from any input to any output within a cycle.
///
/// One word per cycle, one cycle of latency. The second register takes the word that arrives
/// in the cycle in which the sink stalls, because `ready` could not be lowered in time.
module skid_buffer #(
  parameter int unsigned Width = 8 // bits of a word
) (
  input  logic             clk_i,
  input  logic             rst_i,
  // words in
  input  logic             data_valid_i,
  output logic             data_ready_o,
  input  logic [Width-1:0] data_i,
  // words out
  output logic             data_valid_o,
  input  logic             data_ready_i,
  output logic [Width-1:0] data_o
);
  logic [Width-1:0] skid_q;
  logic             skid_valid_q;

  assign data_ready_o = !skid_valid_q;

  always_ff @(posedge clk_i) begin
    if (data_ready_i || !data_valid_o) begin
      if (skid_valid_q) data_o <= skid_q;
      else if (data_valid_i) data_o <= data_i;
      data_valid_o <= skid_valid_q || data_valid_i;
      skid_valid_q <= 1'b0;
    end else if (data_valid_i && data_ready_o) begin
      skid_q       <= data_i;
      skid_valid_q <= 1'b1;
    end
    if (rst_i) begin
      data_valid_o <= 1'b0;
      skid_valid_q <= 1'b0;
    end
  end

  `ASSERT_HELD(DataHeld, data_valid_o, data_ready_i, data_o)
  `ASSERT_IF(SkidOnlyBehindData, skid_valid_q, data_valid_o)
endmodule
