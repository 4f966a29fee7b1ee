// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// The LANES lanes of an engine side by side: one key per probe minutia for each gallery minutia.
///
/// One gallery minutia per cycle, three cycles of latency.
module lane_array import whorl_gen_pkg::*, match_pkg::*; (
  input  logic         clk_i,
  input  logic         rst_i,
  input  logic [6:0]   gate_i,
  // probe minutiae
  input  logic         probe_write_valid_i,
  input  probe_write_t probe_write_i,
  // gallery minutiae in
  input  logic         minutia_valid_i,
  input  minutia_t     minutia_i,
  // keys out
  output logic         keys_valid_o,
  output key_t         keys_o [LANES]
);
  logic [1:0] valid_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) {keys_valid_o, valid_q} <= '0;
    else {keys_valid_o, valid_q} <= {valid_q, minutia_valid_i};
  end

  for (genvar l = 0; l < int'(LANES); l++) begin : gen_lane
    lane #(.Lane(l)) i_lane (
      .clk_i,
      .rst_i,
      .gate_i,
      .probe_write_valid_i,
      .probe_write_i,
      .stage_valid_i({valid_q, minutia_valid_i}),
      .minutia_i,
      .key_o(keys_o[l])
    );
  end

  `ASSERT_AFTER(LatencyIsThree, 3, minutia_valid_i, keys_valid_o)
endmodule
