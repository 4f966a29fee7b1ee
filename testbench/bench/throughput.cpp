// Runs searches through a 1x1 match_array at the speed of compiled code; driven by test_throughput.py.
//
// Reads one file: u32 probes, their images; u32 galleries, each as u32 records, u32 lines, the lines. Compares each probe
// with each gallery (one extent, lines always there) and writes the result blocks to standard output, each behind a
// u32 with its number of lines. The number of cycles and the seconds they took go to standard error.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr uint32_t kImageLines = 208, kLineWords = 16, kCandidatesMax = 256, kGate = 43;

Vtop* top;
uint64_t cycles = 0;

void tick() {
    top->clk_i = 1;
    top->eval();
    top->clk_i = 0;
    top->eval();
    ++cycles;
}

uint32_t read_u32(FILE* file) {
    uint32_t value;
    if (std::fread(&value, 4, 1, file) != 1) std::abort();
    return value;
}

std::vector<uint32_t> read_lines(FILE* file, uint32_t lines) {
    std::vector<uint32_t> words(lines * kLineWords);
    if (std::fread(words.data(), 4, words.size(), file) != words.size()) std::abort();
    return words;
}

// Writes `bits` of `value` at bit `at` of a wide port.
template <typename Wide>
void put(Wide& wide, unsigned at, unsigned bits, uint64_t value) {
    for (unsigned b = 0; b < bits; ++b) {
        const uint32_t mask = 1u << ((at + b) % 32);
        uint32_t& word = wide[(at + b) / 32];
        word = (value >> b & 1) ? word | mask : word & ~mask;
    }
}

// Shifts a line to bit `at` of a wide port; at < 32 * words, and what is below stays.
template <typename Wide>
void put_line(Wide& wide, unsigned at, const uint32_t* line) {
    for (unsigned w = 0; w < kLineWords; ++w) put(wide, at + 32 * w, 32, line[w]);
}

void load(const std::vector<uint32_t>& image) {
    for (uint32_t index = 0; index < kImageLines; ++index) {
        put(top->probe_line_i, 0, 8, index);
        put(top->probe_line_i, 8, 8, 0);
        put(top->probe_line_i, 16, 7, kGate);
        put_line(top->probe_line_i, 23, &image[index * kLineWords]);
        top->probe_line_valid_i = 1;
        for (bool taken = false; !taken;) {
            top->eval();
            taken = top->probe_line_ready_o;
            tick();
        }
    }
    top->probe_line_valid_i = 0;
    tick();
}

void search(uint32_t records, const std::vector<uint32_t>& lines) {
    const uint64_t threshold = 0, mask = 1;
    top->search_config_i = threshold << 25 | uint64_t{kCandidatesMax} << 16 | mask;
    top->start_i = 1;
    tick();
    top->start_i = 0;
    tick();
    while (!top->ready_o) tick();

    // The wide port is filled ahead of the loop that is timed by its share of the work.
    const uint32_t count = lines.size() / kLineWords;
    top->active_i = 1;
    top->line_valid_i = 1;
    for (uint32_t i = 0; i < count; ++i) {
        auto& line = top->line_i[0];
        put(line, 0, 1, 0);
        put(line, 1, 32, records);
        put(line, 33, 32, 0);
        put(line, 65, 1, i + 1 == count);
        put(line, 66, 1, i == 0);
        // The line starts at bit 67: three bits into the third word.
        const uint32_t* words = &lines[i * kLineWords];
        line[2] = (line[2] & 7u) | words[0] << 3;
        for (unsigned w = 1; w < kLineWords; ++w) line[2 + w] = words[w - 1] >> 29 | words[w] << 3;
        line[2 + kLineWords] = words[kLineWords - 1] >> 29;
        for (bool taken = false; !taken;) {
            top->eval();
            taken = top->line_ready_o;
            tick();
        }
    }
    top->line_valid_i = 0;
    tick();
    top->active_i = 0;
    while (!top->idle_o) tick();
}

void write_block() {
    top->result_request_i = 0;
    top->result_request_valid_i = 1;
    tick();
    top->result_request_valid_i = 0;
    top->result_line_ready_i = 1;
    std::vector<uint32_t> block;
    uint32_t lines = 0;
    for (bool last = false; !last; tick()) {
        if (!top->result_line_valid_o) continue;
        last = top->result_line_o[0] & 1;
        for (unsigned w = 0; w < kLineWords; ++w) {
            block.push_back(top->result_line_o[w] >> 1 | top->result_line_o[w + 1] << 31);
        }
        ++lines;
    }
    std::fwrite(&lines, 4, 1, stdout);
    std::fwrite(block.data(), 4, block.size(), stdout);
}

}  // namespace

int main(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
    FILE* file = argc > 1 ? std::fopen(argv[1], "rb") : nullptr;
    if (!file) return 2;
    struct Gallery {
        uint32_t records;
        std::vector<uint32_t> lines;
    };
    std::vector<std::vector<uint32_t>> probes(read_u32(file));
    for (auto& probe : probes) probe = read_lines(file, kImageLines);
    std::vector<Gallery> galleries(read_u32(file));
    for (auto& gallery : galleries) {
        gallery.records = read_u32(file);
        gallery.lines = read_lines(file, read_u32(file));
    }
    std::fclose(file);

    top = new Vtop;
    top->rst_i = 1;
    for (int i = 0; i < 4; ++i) tick();
    top->rst_i = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const auto& probe : probes) {
        load(probe);
        for (const auto& gallery : galleries) {
            search(gallery.records, gallery.lines);
            write_block();
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "%llu %f\n", static_cast<unsigned long long>(cycles), took.count());
    top->final();
    delete top;
    return 0;
}
