// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Gives each gallery minutia to its nearest lane, if it is nearer than the one the lane has (MATCHER 3, pass A).
///
/// One gallery minutia per cycle, one cycle of latency. The distances H are read, compared and written within
/// one cycle, so that two minutiae in a row may go to one lane; H lies in memory, addressed by the nearest lane. What changes leaves as a slot write; what a record
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
  input  record_trace_t    record_i,          // with the last of a record
  // slots won
  output logic             slot_write_valid_o,
  output slot_write_t      slot_write_o,
  // records that left
  output logic             finished_valid_o,
  output finished_record_t finished_o
);
  // min(63, ((59 - H) * 11) >> 3), as a table: a multiplier would be taken for it otherwise.
  typedef logic [63:0][5:0] weights_t;
  function automatic weights_t weights();
    for (int unsigned key = 0; key < 64; key++) begin
      weights[key] = ((63 - key) * 11) >> 3 > 63 ? 6'd63 : 6'(((63 - key) * 11) >> 3);
    end
  endfunction
  localparam weights_t Weights = weights();

  // Lanes by eights: which are occupied lies in memory too, and only whether an eight has been written is cleared.
  localparam int unsigned Eights = LANES / 8;

  (* ram_style = "distributed" *) logic [7:0] angles_q [1 << LANE_WIDTH]; // of the probe's minutiae
  (* ram_style = "distributed" *) key_t       keys_q [1 << LANE_WIDTH];   // H of the occupied lanes
  (* ram_style = "distributed" *) logic [7:0] occupied_q [8];             // eight lanes a word
  logic [Eights-1:0] written_q;                                           // eights with an occupied lane
  lane_t             count_q;
  logic              bank_q;

  logic              held, fresh, wins;
  lane_t             count;
  logic [2:0]        eight;
  logic [7:0]        occupied, lane_bit;
  logic [Eights-1:0] written;
  key_t              held_key;

  minutia_t probe_minutia;
  assign probe_minutia = probe_write_i.data;

  // The first minutia of a record finds all slots empty, whatever the record before left.
  assign eight    = nearest_i.lane[LANE_WIDTH-1:3];
  assign written  = trace_i.first ? '0 : written_q;
  assign occupied = |(written & (Eights'(1) << eight)) ? occupied_q[eight] : '0;
  assign lane_bit = 8'(1) << nearest_i.lane[2:0];
  assign held     = |(occupied & lane_bit);
  assign held_key = keys_q[nearest_i.lane];
  assign wins     = nearest_valid_i && trace_i.present && nearest_i.key != KEY_NONE && (!held || nearest_i.key < held_key);
  assign fresh    = wins && !held;
  assign count    = (trace_i.first ? '0 : count_q) + lane_t'(fresh);

  always_ff @(posedge clk_i) begin
    if (probe_write_valid_i && !probe_write_i.rotation) angles_q[probe_write_i.lane] <= probe_minutia.geometry.angle;
  end

  always_ff @(posedge clk_i) begin
    if (wins) begin
      keys_q[nearest_i.lane] <= nearest_i.key;
      occupied_q[eight]      <= occupied | lane_bit;
    end
    if (nearest_valid_i) begin
      written_q <= written | (Eights'(wins) << eight);
      count_q   <= count;
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
          weight: Weights[nearest_i.key],
          turn:   trace_i.geometry.angle - angles_q[nearest_i.lane],
          y:      trace_i.geometry.y,
          x:      trace_i.geometry.x
        }
      };
    end
    if (nearest_valid_i && trace_i.last) begin
      finished_o <= '{index: record_i.index, count: record_i.count, occupied: count, bank: bank_q};
    end
  end

  `ASSERT_IF(DistanceOnlyFalls, wins && held, nearest_i.key < held_key)
  `ASSERT_NEXT(CountWithinLanes, nearest_valid_i, count_q <= lane_t'(LANES))
  `ASSERT_IF(WeightStandsForOccupied, slot_write_valid_o, slot_write_o.slot.weight != '0)
endmodule
