// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Hamming distance of a stream of words to a stored one, as a key: distance + BIAS where the distance is below
/// 63 - BIAS and an angle lies in the stored window, all ones elsewhere.
///
/// One word per cycle. `key_o` comes four cycles after word_i and one after angle_i. The word and its window are stored by
/// a walk over the addresses of tables (see distance_pkg); both must be steady until all STEPS addresses are written,
/// and during the walk the addresses of columns 0 to 3 must be the step.
///
/// In LUTs: 36 hold the tables, 32 add up what the tables say.
module distance_table import distance_pkg::*; (
  input  logic            clk_i,
  // storing
  input  logic            write_i,
  input  step_t           write_step_i,
  input  halves_t         write_halves_i,  // what word_i, angle_i, gate and presence come to in the tables
  input  further_t        write_further_i,
  input  word_t           write_word_i,
  input  logic [7:0]      write_angle_i,
  input  logic [6:0]      write_gate_i,
  input  logic            write_present_i,
  // stream; the valid bits of the four stages only save simulation time
  input  logic [3:0]      stage_valid_i,
  input  word_t           word_i,
  input  parities_t       parities_i,
  input  logic [7:0]      angle_i,
  input  logic            odd_i,           // parity of the word, three cycles late as the angle
  output logic [5:0]      key_o
);
`ifdef WHORL_XILINX
  localparam int unsigned Rams    = COLUMNS / 8;
  localparam int unsigned Binary  = COLUMNS - UNARY_COLUMNS;
  localparam int unsigned Ones    = COLUMNS + UNARY_COLUMNS;

  // ---- Tables. The last column of a RAM lends it its address for writing; those are columns 0 to 3.
  halves_t halves;

  for (genvar r = 0; r < int'(Rams); r++) begin : gen_ram
    step_t [7:0]      address;
    logic  [7:0][1:0] data, read;
    for (genvar c = 0; c < 8; c++) begin : gen_column
      localparam int unsigned Column = 4 * (7 - c) + r;
      assign address[c]     = address_of(word_i, parities_i, Column);
      assign data[c]        = write_halves_i[Column];
      assign halves[Column] = read[c];
    end
    RAM32M16 i_ram (
      .WCLK(clk_i), .WE(write_i),
      .ADDRA(address[0]), .DIA(data[0]), .DOA(read[0]), .ADDRB(address[1]), .DIB(data[1]), .DOB(read[1]),
      .ADDRC(address[2]), .DIC(data[2]), .DOC(read[2]), .ADDRD(address[3]), .DID(data[3]), .DOD(read[3]),
      .ADDRE(address[4]), .DIE(data[4]), .DOE(read[4]), .ADDRF(address[5]), .DIF(data[5]), .DOF(read[5]),
      .ADDRG(address[6]), .DIG(data[6]), .DOG(read[6]), .ADDRH(address[7]), .DIH(data[7]), .DOH(read[7])
    );
  end

  logic [1:0] low, high, odd, unused_read;
  RAM32M i_further (
    .WCLK(clk_i), .WE(write_i),
    .ADDRA({4'b0, odd_i}), .DIA({1'b0, write_further_i.odd}), .DOA(odd),
    .ADDRB({2'b0, angle_i[2:0]}), .DIB(write_further_i.low), .DOB(low),
    .ADDRC(angle_i[7:3]), .DIC(write_further_i.high), .DOC(high),
    .ADDRD(write_step_i), .DID(2'b0), .DOD(unused_read)
  );

  // ---- Stage 1: sevens of bits.
  logic [Ones-1:0]   ones;   // weight 1
  logic [Binary-1:0] twos;   // weight 2
  logic [8:0][2:0]   sevens; // 0..4 of weight 1, 5..8 of weight 2
  logic [4:0]        ones_q;
  logic [9:0]        twos_q;
  logic [8:0]        fours_q;
  logic [3:0]        eights_q;

  always_comb begin
    for (int unsigned c = 0; c < UNARY_COLUMNS; c++) ones[2*c +: 2] = halves[c];
    for (int unsigned c = UNARY_COLUMNS; c < COLUMNS; c++) {twos[c-UNARY_COLUMNS], ones[UNARY_COLUMNS+c]} = halves[c];
  end
  for (genvar s = 0; s < 9; s++) begin : gen_seven
    if (s < 5) begin : gen_ones
      count7 i_count (.bits_i(ones[7*s +: 7]), .count_o(sevens[s]));
    end else begin : gen_twos
      count7 i_count (.bits_i(twos[7*(s-5) +: 7]), .count_o(sevens[s]));
    end
  end
  always_ff @(posedge clk_i) begin
    for (int unsigned s = 0; s < 5; s++) {fours_q[s], twos_q[s], ones_q[s]} <= sevens[s];
    for (int unsigned s = 5; s < 9; s++) {eights_q[s-5], fours_q[s], twos_q[s]} <= sevens[s];
    twos_q[9] <= twos[28];
  end

  // ---- Stage 2: at most three of each weight are left, and five ones.
  logic [4:0] wide;
  logic [2:0] seven, rest;
  logic [4:0] final_ones_q;
  logic [1:0] final_twos_q, final_sixteens_q;
  logic [2:0] final_fours_q, final_eights_q;
  logic       over_q;

  count13 i_wide  (.ones_i(twos_q[6:0]), .fours_i({2'b0, eights_q}), .sum_o(wide));
  count7  i_seven (.bits_i(fours_q[6:0]), .count_o(seven));
  // Three twos and two fours: the sum is a word of three bits, of which a LUT gives two.
  LUT6_2 #(.INIT(64'hE81717E8_96969696)) i_rest (
    .O6(rest[1]), .O5(rest[0]),
    .I0(twos_q[7]), .I1(twos_q[8]), .I2(twos_q[9]), .I3(fours_q[7]), .I4(fours_q[8]), .I5(1'b1)
  );
  assign rest[2] = (fours_q[7] && fours_q[8])
      || ((fours_q[7] || fours_q[8]) && 2'($countones(twos_q[9:7])) >= 2'd2);
  always_ff @(posedge clk_i) begin
    final_ones_q     <= ones_q;
    final_twos_q     <= {wide[0], rest[0]};
    final_fours_q    <= {wide[1], rest[1], seven[0]};
    final_eights_q   <= {wide[2], rest[2], seven[1]};
    final_sixteens_q <= {wide[3], seven[2]};
    over_q           <= wide[4];
  end

  // ---- Stage 3: three operands in one chain, to which the ones add two more bits. The last stage of the chain only
  // tells none, one and more.
  logic [3:0][2:0] operands;
  logic [4:0]      majority;
  logic [3:0]      propagate;
  logic            one, more;
  logic [3:0]      sum, carry, high_sum, high_carry;
  logic [4:0]      half_q;
  logic            beyond_q, carry_q;

  assign operands    = {final_eights_q, final_fours_q, {1'b0, final_twos_q}, final_ones_q[2:0]};
  assign majority[0] = final_ones_q[3];
  for (genvar b = 0; b < 4; b++) begin : gen_operand
    LUT6_2 #(.INIT(64'h69966996_E8E8E8E8)) i_lut (
      .O6(propagate[b]), .O5(majority[b+1]),
      .I0(operands[b][0]), .I1(operands[b][1]), .I2(operands[b][2]), .I3(majority[b]), .I4(1'b0), .I5(1'b1)
    );
  end
  LUT6_2 #(.INIT(64'h16161616_E8E8E8E8)) i_top (
    .O6(one), .O5(more),
    .I0(final_sixteens_q[0]), .I1(final_sixteens_q[1]), .I2(majority[4]), .I3(1'b0), .I4(1'b0), .I5(1'b1)
  );
  CARRY4 i_low  (.O(sum), .CO(carry), .CI(1'b0), .CYINIT(final_ones_q[4]), .S(propagate), .DI(majority[3:0]));
  CARRY4 i_high (.O(high_sum), .CO(high_carry), .CI(carry[3]), .CYINIT(1'b0), .S({3'b0, one}), .DI({3'b0, more}));
  always_ff @(posedge clk_i) begin
    half_q   <= {high_sum[0], sum};
    beyond_q <= over_q;
    carry_q  <= high_carry[0];
  end

  // ---- Stage 4
  logic none;
  assign none = beyond_q || carry_q || !(high[1] ? low[high[0]] : high[0]);
  always_ff @(posedge clk_i) begin
    if (none) key_o <= '1;
    else key_o <= {half_q, odd[0]};
  end
`else
  word_t           word_q;
  logic [7:0]      first_q, span_q, turn;
  logic            present_q;
  logic [2:0][7:0] distance_q;

  assign turn = angle_i - first_q;

  always_ff @(posedge clk_i) begin
    if (write_i) begin
      word_q    <= write_word_i;
      first_q   <= write_angle_i - {1'b0, write_gate_i};
      span_q    <= {write_gate_i, 1'b0};
      present_q <= write_present_i;
    end
    if (stage_valid_i[0]) distance_q[0] <= 8'($countones(word_i ^ word_q)) + 8'(BIAS);
    if (stage_valid_i[1]) distance_q[1] <= distance_q[0];
    if (stage_valid_i[2]) distance_q[2] <= distance_q[1];
    if (stage_valid_i[3]) key_o <= present_q && turn <= span_q && distance_q[2] < 8'd63 ? distance_q[2][5:0] : '1;
  end
`endif
endmodule
