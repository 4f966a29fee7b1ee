// Compares minutiae files with OpenAFIS and speaks the protocol of `whorl eval --matcher-command` (README.md).
//
// OpenAFIS insists on a declared length that is the file's and on at most 128 minutiae's worth of bytes, so the file is
// handed over with its header's length set right and without extended data.
#include "OpenAFIS.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <unordered_map>
#include <vector>

using Finger = OpenAFIS::TemplateISO19794_2_2005<uint32_t, OpenAFIS::Fingerprint>;

constexpr size_t HeaderBytes = 24, ViewBytes = 4, MinutiaBytes = 6, MinutiaeMax = 128;

[[noreturn]] static void fail(const std::string& path, const char* what)
{
    std::cerr << path << ": " << what << std::endl;
    std::exit(1);
}

static Finger read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        fail(path, "cannot be opened");
    std::vector<uint8_t> bytes { std::istreambuf_iterator<char>(file), {} };
    if (bytes.size() < HeaderBytes + ViewBytes)
        fail(path, "too short for a minutiae file");
    const size_t count = std::min<size_t>(bytes[HeaderBytes + 3], MinutiaeMax);
    const size_t end = HeaderBytes + ViewBytes + MinutiaBytes * count;
    if (bytes.size() < end)
        fail(path, "ends before its minutiae do");
    bytes.resize(end);
    bytes.insert(bytes.end(), { 0, 0 }); // no extended data
    bytes[22] = 1; // the first view only
    bytes[HeaderBytes + 3] = static_cast<uint8_t>(count);
    for (size_t i = 0; i < 4; ++i)
        bytes[8 + i] = static_cast<uint8_t>(bytes.size() >> (24 - 8 * i));
    Finger finger(0);
    if (count > 0 && !finger.load(bytes.data(), bytes.size()))
        fail(path, "OpenAFIS does not take it");
    return finger;
}

int main()
{
    std::unordered_map<std::string, Finger> fingers;
    const auto finger = [&](const std::string& path) -> const Finger& {
        const auto known = fingers.find(path);
        return known != fingers.end() ? known->second : fingers.emplace(path, read(path)).first->second;
    };
    const OpenAFIS::MatchSimilarity match;
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto tab = line.find('\t');
        if (tab == std::string::npos)
            fail(line, "expected two paths with a tab between them");
        const auto& probe = finger(line.substr(0, tab)).fingerprints();
        const auto& reference = finger(line.substr(tab + 1)).fingerprints();
        uint8_t score = 0;
        const auto start = std::chrono::steady_clock::now();
        if (!probe.empty() && !reference.empty())
            match.compute(score, probe.front(), reference.front());
        const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
        std::printf("%u\t%.3f\n", score, taken.count());
    }
    return 0;
}
