// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// One probe minutia: its distance to each gallery minutia that streams past (MATCHER 3, pass A).
///
/// One gallery minutia per cycle, three cycles of latency. The key is the Hamming distance, or KEY_NONE where the
/// pair is no candidate: outside the angle gate, at DISTANCE_CEILING or more, or no probe minutia in this lane.
module lane import whorl_gen_pkg::*, match_pkg::*; #(
  parameter int unsigned Lane = 0 // place of the minutia in the probe record
) (
  input  logic         clk_i,
  input  logic         rst_i,
  input  logic [6:0]   gate_i,
  // probe minutiae
  input  logic         probe_write_valid_i,
  input  probe_write_t probe_write_i,
  // gallery minutia, with the valid bits of the three stages: they only save power and simulation time
  input  logic [2:0]   stage_valid_i,
  input  minutia_t     minutia_i,
  output key_t         key_o
);
  localparam int unsigned Groups = 4; // 32 descriptor bits are counted in one stage

  minutia_t     probe_q;
  logic         present_q;
  logic [127:0] difference;
  logic [5:0]   ones_q [Groups];
  logic [7:0]   offset_q;
  logic [7:0]   distance_q;
  logic         near_q;

  always_ff @(posedge clk_i) begin
    if (probe_write_valid_i && !probe_write_i.rotation && probe_write_i.lane == lane_t'(Lane)) begin
      probe_q   <= probe_write_i.data;
      present_q <= probe_write_i.present;
    end
  end

  assign difference = minutia_i.descriptor ^ probe_q.descriptor;

  // -gate <= turn <= gate is 0 <= turn + gate <= 2 gate, modulo a full turn.
  always_ff @(posedge clk_i) begin
    if (stage_valid_i[0]) begin
      for (int unsigned g = 0; g < Groups; g++) ones_q[g] <= 6'($countones(difference[32*g +: 32]));
      offset_q <= minutia_i.geometry.angle - probe_q.geometry.angle + {1'b0, gate_i};
    end
    if (stage_valid_i[1]) begin
      distance_q <= (8'(ones_q[0]) + 8'(ones_q[1])) + (8'(ones_q[2]) + 8'(ones_q[3]));
      near_q     <= present_q && offset_q <= {gate_i, 1'b0};
    end
    if (stage_valid_i[2]) begin
      key_o <= near_q && distance_q < 8'(DISTANCE_CEILING) ? distance_q[5:0] : KEY_NONE;
    end
  end

  `ASSERT(KeyIsDistanceOrNone, stage_valid_i[2] |=> key_o < 6'(DISTANCE_CEILING) || key_o == KEY_NONE)
  `ASSERT(NoKeyWithoutMinutia, stage_valid_i[2] && !present_q |=> key_o == KEY_NONE)
endmodule
