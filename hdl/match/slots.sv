// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// End of pass A: each lane keeps the nearest gallery minutia that it won (MATCHER 3, H and slot).
///
/// One gallery minutia per cycle, one cycle of latency: the distance of the winning lane is read, compared and written
/// in one cycle. With a record's last beat the record is finished and its bank is left; slot writes of a record never
/// come later than its finish.
module slots import whorl_gen_pkg::*, match_pkg::*; (
  input  logic             clk_i,
  input  logic             rst_i,
  // probe minutiae
  input  logic             probe_write_valid_i,
  input  probe_write_t     probe_write_i,
  // gallery minutiae with the lane that is nearest
  input  logic             minutia_valid_i, // a beat; `present` low for an empty record's
  input  logic             present_i,
  input  logic             last_i,
  input  geometry_t        geometry_i,
  input  nearest_t         nearest_i,
  // slot writes out
  output logic             slot_valid_o,
  output slot_write_t      slot_o,
  // a lane was won for the first time: its place in the list of the bank
  output logic             listed_valid_o,
  output lane_t            listed_place_o,
  // finished records out
  output logic             finished_valid_o,
  output finished_record_t finished_o
);
  logic [7:0]       angles_q [LANES];    // of the probe minutiae
  key_t             distances_q [LANES]; // H, where occupied
  logic [LANES-1:0] occupied_q;
  lane_t            count_q;             // occupied lanes
  bank_t            bank_q;
  lane_t            lane;
  minutia_t         probe_minutia;
  logic             won, first_win;

  assign lane          = nearest_i.lane;
  assign probe_minutia = probe_write_i.data;
  assign first_win     = !occupied_q[lane];
  assign won           = minutia_valid_i && present_i && nearest_i.key != KEY_NONE
                      && (first_win || nearest_i.key < distances_q[lane]);

  // s of MATCHER 3, pass B: min(63, ((59 - H) * 11) >> 3).
  function automatic logic [5:0] weight(key_t distance);
    logic [9:0] scaled;
    scaled = (10'(DISTANCE_CEILING) - 10'(distance)) * 10'd11 >> 3;
    return scaled > 10'd63 ? 6'd63 : scaled[5:0];
  endfunction

  always_ff @(posedge clk_i) begin
    if (probe_write_valid_i && !probe_write_i.rotation) begin
      angles_q[probe_write_i.lane] <= probe_minutia.geometry.angle;
    end
    slot_valid_o     <= won;
    listed_valid_o   <= won && first_win;
    finished_valid_o <= minutia_valid_i && last_i;
    if (won) begin
      distances_q[lane] <= nearest_i.key;
      slot_o            <= '{
        bank: bank_q,
        lane: lane,
        slot: '{weight: weight(nearest_i.key), turn: geometry_i.angle - angles_q[lane], y: geometry_i.y, x: geometry_i.x}
      };
      listed_place_o    <= count_q;
    end
    if (minutia_valid_i) begin
      finished_o <= '{occupied: count_q + lane_t'(won && first_win), bank: bank_q};
      if (last_i) begin
        occupied_q <= '0;
        count_q    <= '0;
        bank_q     <= next_bank(bank_q);
      end else if (won && first_win) begin
        occupied_q[lane] <= 1'b1;
        count_q          <= count_q + 1'b1;
      end
    end
    if (rst_i) begin
      slot_valid_o     <= 1'b0;
      listed_valid_o   <= 1'b0;
      finished_valid_o <= 1'b0;
      occupied_q       <= '0;
      count_q          <= '0;
      bank_q           <= '0;
    end
  end

  `ASSERT(CountsOccupied, 6'($countones(occupied_q)) == count_q)
  `ASSERT(WinsImprove, won && !first_win |-> nearest_i.key < distances_q[lane])
  `ASSERT(WeightIsPositive, slot_valid_o |-> slot_o.slot.weight != '0)
endmodule
