// SPDX-License-Identifier: Apache-2.0 OR MIT

/// How a distance of 128 bits and an angle's window are held as tables of five address bits; see distance_table.
///
/// A column of the tables sees five bits of the gallery word and knows the probe word's five. It counts in how many they
/// differ and gives half of that, rounded down; the odd one left over is the parity of the five, which another column
/// takes in place of a word bit. Parity is linear: it is made of the gallery word once, for all lanes. So 32 columns
/// give half the distance, and the last parity is its lowest bit.
package distance_pkg;
  localparam int unsigned WORD_BITS = 128;
  localparam int unsigned COLUMNS   = 32;
  localparam int unsigned STEPS     = 32; // addresses of a column

  typedef logic [WORD_BITS-1:0] word_t;
  typedef logic [4:0]           step_t;

  /// Parity of each column's address; the last is that of the whole word.
  typedef logic [COLUMNS-1:0]   parities_t;

  /// What the columns hold at one address.
  typedef logic [COLUMNS-1:0][1:0] halves_t;

  /// What the further columns hold at one address.
  typedef struct packed {
    logic [1:0] low;  // lowest three bits of the angle are in the window: its last block, its first block
    logic [1:0] high; // what the upper five say: code below
    logic       odd;  // parity of the distance
  } further_t;

  /// Blocks of eight angles.
  localparam logic [1:0] OUTSIDE = 2'd0;
  localparam logic [1:0] INSIDE  = 2'd1;
  localparam logic [1:0] FIRST   = 2'd2; // low[0] decides
  localparam logic [1:0] LAST    = 2'd3; // low[1] decides

  /// The distance is counted from here, so that DISTANCE_CEILING and the code for none fall together.
  localparam int unsigned BIAS = 4;

  /// Columns whose two bits weigh the same; the others give a number of two bits. Chosen for the adders.
  localparam int unsigned UNARY_COLUMNS = 3;
  /// Columns behind those that give one too many: half of BIAS.
  localparam int unsigned BIASED_COLUMNS = BIAS / 2;

  /// Five fresh bits for each of 25 columns, then the columns of parities.
  function automatic parities_t parities_of(word_t word);
    for (int unsigned c = 0; c < 25; c++) parities_of[c] = ^word[5*c +: 5];
    for (int unsigned c = 0; c < 5; c++) parities_of[25+c] = ^parities_of[5*c +: 5];
    parities_of[30] = ^parities_of[25 +: 5];
    parities_of[31] = parities_of[30] ^ (^word[127:125]);
  endfunction

  function automatic step_t address_of(word_t word, parities_t parities, int unsigned column);
    if (column < 25) return word[5*(column % 25) +: 5];
    if (column < 31) return parities[5*(column % 31 - 25) +: 5];
    return {1'b0, word[127:125], parities[30]};
  endfunction

  /// Table entries of a probe word at the address `step` of every column.
  function automatic halves_t halves_of(word_t word, parities_t parities, step_t step);
    logic [1:0] half;
    for (int unsigned c = 0; c < COLUMNS; c++) begin
      half = 2'($countones((address_of(word, parities, c) ^ step) & (c == COLUMNS - 1 ? 5'h0f : 5'h1f)) >> 1);
      if (c < UNARY_COLUMNS) halves_of[c] = {half[1], |half};
      else if (c < UNARY_COLUMNS + BIASED_COLUMNS) halves_of[c] = half + 2'd1;
      else halves_of[c] = half;
    end
  endfunction

  /// Table entries of a probe angle's window and of a probe word's parity, `odd`, at the address `step`.
  /// The window is `angle` - `gate` to `angle` + `gate`; nothing where there is no minutia.
  function automatic further_t further_of(logic odd, logic [7:0] angle, logic [6:0] gate, logic present, step_t step);
    logic [7:0] first, span;
    logic [4:0] last;
    first = angle - {1'b0, gate};
    last  = 5'((angle + {1'b0, gate}) >> 3);
    span  = {gate, 1'b0};
    further_of.odd    = odd ^ step[0];
    further_of.low[0] = {first[7:3], step[2:0]} - first <= span;
    further_of.low[1] = {last, step[2:0]} - first <= span;
    if (!present) further_of.high = OUTSIDE;
    else if (step == first[7:3]) further_of.high = FIRST;
    else if (step == last) further_of.high = LAST;
    else further_of.high = {step, 3'b0} - first <= span ? INSIDE : OUTSIDE;
  endfunction
endpackage
