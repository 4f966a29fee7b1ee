// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Pass B of MATCHER 3: the largest weight of lanes that agree with one reference lane on rotation and place.
///
/// One reference per cycle; a record's best sum comes seven cycles after its last reference. Stages: slot of the
/// reference - rotation row - expected offset - windows of all lanes - sums of 4, of 16, of all - maximum.
module consistency import whorl_gen_pkg::*, match_pkg::*; (
  input  logic         clk_i,
  input  logic         rst_i,
  // probe rotations
  input  logic         probe_write_valid_i,
  input  probe_write_t probe_write_i,
  // slot writes
  input  logic         slot_valid_i,
  input  slot_write_t  slot_i,
  input  logic         listed_valid_i, // the lane's first slot of the record
  // references in
  input  logic         reference_valid_i,
  input  logic         reference_empty_i,
  input  logic         reference_last_i,
  input  bank_t        reference_bank_i,
  input  lane_t        reference_lane_i,
  // best sum of a record out
  output logic         best_valid_o,
  output logic [11:0]  best_o
);
  localparam int unsigned Chunks  = LANES / 4; // lanes are written four at a time
  localparam int unsigned Stages  = 7;
  localparam int          Place   = 12;        // window of MATCHER 3: -Place <= offset < Place
  localparam int          Turn    = 16;        // -Turn <= difference < Turn

  typedef struct packed {
    logic  valid;
    logic  empty;
    logic  last;
    bank_t bank;
    lane_t lane;
  } stage_t;

  stage_t stage_q [1:Stages]; // stage_q[n]: n cycles after the reference came

  always_ff @(posedge clk_i) begin
    stage_q[1] <= '{reference_valid_i, reference_empty_i, reference_last_i, reference_bank_i, reference_lane_i};
    for (int unsigned n = 2; n <= Stages; n++) stage_q[n] <= stage_q[n-1];
    if (rst_i) for (int unsigned n = 1; n <= Stages; n++) stage_q[n].valid <= 1'b0;
  end

  // Stage 1: the reference's slot.
  slot_t slot_1;
  ram_1w1r #(.ChunkWidth($bits(slot_t)), .Depth(BANKS << LANE_WIDTH)) i_slots (
    .clk_i,
    .write_enable_i (slot_valid_i),
    .write_address_i({slot_i.bank, slot_i.lane}),
    .write_data_i   (slot_i.slot),
    .read_enable_i  (reference_valid_i),
    .read_address_i ({reference_bank_i, reference_lane_i}),
    .read_data_o    (slot_1)
  );

  // Stage 2: the probe as it lies after the reference's turn, in steps of 4/256.
  logic [7:0]           turn_1;
  rotated_t [LANES-1:0] row_2;
  logic [Chunks-1:0]    row_write;
  rotated_t [3:0]       row_write_data;

  assign turn_1 = slot_1.turn + 8'd2;
  for (genvar c = 0; c < Chunks; c++) begin : gen_row_write
    assign row_write[c] = probe_write_valid_i && probe_write_i.rotation && probe_write_i.lane == lane_t'(4*c);
  end
  for (genvar l = 0; l < 4; l++) begin : gen_row_data
    rotation_t rotation;
    assign rotation          = probe_write_i.data[32*l +: 32];
    assign row_write_data[l] = '{y: rotation.ry, x: rotation.rx};
  end

  ram_1w1r #(.ChunkWidth(4 * $bits(rotated_t)), .Chunks(Chunks), .Depth(ROTATIONS)) i_rows (
    .clk_i,
    .write_enable_i (row_write),
    .write_address_i(probe_write_i.row),
    .write_data_i   ({Chunks{row_write_data}}),
    .read_enable_i  (stage_q[1].valid),
    .read_address_i (turn_1[7:2]),
    .read_data_o    (row_2)
  );

  // Stage 3: where the reference says that the gallery lies.
  slot_t                slot_2_q;
  rotated_t             own_2;
  logic signed [13:0]   expected_x_3_q, expected_y_3_q;
  logic signed [7:0]    turn_3_q;
  rotated_t [LANES-1:0] row_3_q;

  assign own_2 = row_2[stage_q[2].lane];

  always_ff @(posedge clk_i) begin
    if (stage_q[1].valid) slot_2_q <= slot_1;
    if (stage_q[2].valid) begin
      expected_x_3_q <= 14'(slot_2_q.x) - 14'(own_2.x);
      expected_y_3_q <= 14'(slot_2_q.y) - 14'(own_2.y);
      turn_3_q       <= slot_2_q.turn;
      row_3_q        <= row_2;
    end
  end

  // Stage 4: weights of the lanes that agree.
  slot_t [LANES-1:0] lane_slots_q [BANKS];
  logic  [LANES-1:0] lane_occupied_q [BANKS];
  slot_t [LANES-1:0] lanes_3;
  logic  [LANES-1:0] occupied_3;
  logic  [5:0]       weights_4_q [LANES];

  assign lanes_3    = lane_slots_q[stage_q[3].bank];
  assign occupied_3 = lane_occupied_q[stage_q[3].bank];

  always_ff @(posedge clk_i) begin
    if (stage_q[3].valid && stage_q[3].last) lane_occupied_q[stage_q[3].bank] <= '0;
    if (slot_valid_i) begin
      lane_slots_q[slot_i.bank][slot_i.lane] <= slot_i.slot;
      if (listed_valid_i) lane_occupied_q[slot_i.bank][slot_i.lane] <= 1'b1;
    end
    if (rst_i) for (int unsigned b = 0; b < BANKS; b++) lane_occupied_q[b] <= '0;
  end

  /// Whether a difference lies in -half..half-1.
  function automatic logic in_window(logic signed [14:0] difference, int half);
    return difference >= 15'(-half) && difference < 15'(half);
  endfunction

  for (genvar k = 0; k < LANES; k++) begin : gen_lane
    logic signed [14:0] offset_x, offset_y, turn;
    assign offset_x = 15'(lanes_3[k].x) - 15'(row_3_q[k].x) - 15'(expected_x_3_q);
    assign offset_y = 15'(lanes_3[k].y) - 15'(row_3_q[k].y) - 15'(expected_y_3_q);
    assign turn     = 15'(lanes_3[k].turn) - 15'(turn_3_q);

    always_ff @(posedge clk_i) begin
      if (stage_q[3].valid) begin
        weights_4_q[k] <= occupied_3[k] && in_window(turn, Turn) && in_window(offset_x, Place) && in_window(offset_y, Place)
                        ? lanes_3[k].weight : '0;
      end
    end
  end

  // Stages 5 to 7: their sum, and the largest sum of the record.
  logic [7:0]  sums_5_q [LANES / 4];
  logic [9:0]  sums_6_q [LANES / 16];
  logic [11:0] sum_6, best_q;

  assign sum_6 = 12'(sums_6_q[0]) + 12'(sums_6_q[1]) + 12'(sums_6_q[2]);

  always_ff @(posedge clk_i) begin
    if (stage_q[4].valid) begin
      for (int unsigned i = 0; i < LANES / 4; i++) begin
        sums_5_q[i] <= (8'(weights_4_q[4*i]) + 8'(weights_4_q[4*i+1])) + (8'(weights_4_q[4*i+2]) + 8'(weights_4_q[4*i+3]));
      end
    end
    if (stage_q[5].valid) begin
      for (int unsigned i = 0; i < LANES / 16; i++) begin
        sums_6_q[i] <= (10'(sums_5_q[4*i]) + 10'(sums_5_q[4*i+1])) + (10'(sums_5_q[4*i+2]) + 10'(sums_5_q[4*i+3]));
      end
    end
    best_valid_o <= stage_q[6].valid && stage_q[6].last;
    if (stage_q[6].valid) begin
      best_o <= stage_q[6].empty ? '0 : sum_6 > best_q ? sum_6 : best_q;
      best_q <= stage_q[6].last ? '0 : sum_6 > best_q ? sum_6 : best_q;
    end
    if (rst_i) begin
      best_valid_o <= 1'b0;
      best_q       <= '0;
    end
  end

  `ASSERT(ReferencesAreOccupied, stage_q[3].valid && !stage_q[3].empty |-> occupied_3[stage_q[3].lane])
  `ASSERT(ReferenceAgreesWithItself, stage_q[4].valid && !stage_q[4].empty |-> weights_4_q[stage_q[4].lane] != '0)
  `ASSERT(BestWithinRange, best_valid_o |-> best_o <= 12'(LANES * 63))
endmodule
