// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Gives each gallery minutia to its nearest lane, if it is nearer than the one the lane has (MATCHER 3, pass A).
///
/// One gallery minutia per cycle, one cycle of latency. The distances H are read, compared and written within
/// one cycle, so that two minutiae in a row may go to one lane. What changes leaves as a slot write; what a record
/// leaves behind is announced with its last minutia.
module slots import whorl_gen_pkg::*, match_pkg::*; (
  input  logic             clk_i,
  input  logic             rst_i,
  // probe minutiae
  input  logic             probe_write_valid_i,
  input  probe_write_t     probe_write_i,
  // gallery minutiae with their nearest lanes
  input  logic             nearest_valid_i,
  input  nearest_t         nearest_i,
  input  trace_t           trace_i,
  // slots won
  output logic             slot_write_valid_o,
  output slot_write_t      slot_write_o,
  // records that left
  output logic             finished_valid_o,
  output finished_record_t finished_o
);
  // min(63, ((59 - H) * 11) >> 3)
  function automatic logic [5:0] weight_of(key_t distance);
    logic [9:0] scaled;
    scaled = ((10'(DISTANCE_CEILING) - 10'(distance)) * 10'd11) >> 3;
    return scaled > 10'd63 ? 6'd63 : 6'(scaled);
  endfunction

  logic [7:0]       angles_q [LANES]; // of the probe's minutiae
  key_t             distances_q [LANES];
  logic [LANES-1:0] occupied_q;
  lane_t            count_q;
  logic             bank_q;

  logic  held, fresh, wins;
  lane_t count;

  minutia_t probe_minutia;
  assign probe_minutia = probe_write_i.data;

  // The first minutia of a record finds all slots empty, whatever the record before left.
  assign held  = !trace_i.first && occupied_q[nearest_i.lane];
  assign wins  = nearest_valid_i && trace_i.present && nearest_i.key != KEY_NONE
                 && (!held || nearest_i.key < distances_q[nearest_i.lane]);
  assign fresh = wins && !held;
  assign count = (trace_i.first ? '0 : count_q) + lane_t'(fresh);

  always_ff @(posedge clk_i) begin
    if (probe_write_valid_i && !probe_write_i.rotation) angles_q[probe_write_i.lane] <= probe_minutia.geometry.angle;
  end

  always_ff @(posedge clk_i) begin
    if (wins) distances_q[nearest_i.lane] <= nearest_i.key;
    if (nearest_valid_i) begin
      occupied_q <= (trace_i.first ? '0 : occupied_q) | (LANES'(wins) << nearest_i.lane);
      count_q    <= count;
      if (trace_i.last) bank_q <= !bank_q;
    end
    if (rst_i) bank_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    slot_write_valid_o <= wins && !rst_i;
    finished_valid_o   <= nearest_valid_i && trace_i.last && !rst_i;
    if (wins) begin
      slot_write_o <= '{
        bank:  bank_q,
        fresh: fresh,
        lane:  nearest_i.lane,
        slot:  '{
          weight: weight_of(nearest_i.key),
          turn:   trace_i.geometry.angle - angles_q[nearest_i.lane],
          y:      trace_i.geometry.y,
          x:      trace_i.geometry.x
        }
      };
    end
    if (nearest_valid_i && trace_i.last) begin
      finished_o <= '{index: trace_i.index, count: trace_i.count, occupied: count, bank: bank_q};
    end
  end

  `ASSERT(DistanceOnlyFalls, wins && held |-> nearest_i.key < distances_q[nearest_i.lane])
  `ASSERT(CountIsOccupied, nearest_valid_i |=> count_q == lane_t'($countones(occupied_q)))
  `ASSERT(WeightStandsForOccupied, slot_write_valid_o |-> slot_write_o.slot.weight != '0)
endmodule
