// Random numbers without a state: each is a function of where it is used, so
// that a sequence can be copied, taken back and drawn again with the same
// outcome, whatever was drawn elsewhere.
#ifndef FULLSTOP_GENERATE_RANDOM_H_
#define FULLSTOP_GENERATE_RANDOM_H_

#include <array>
#include <cstdint>

namespace fullstop {

// What a number at a position is used for; each use has its own stream.
enum class RandomUse : uint32_t {
  kToken = 0,  // picks the token
  kXtc = 1,    // decides whether XTC acts
};

// Philox4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011): 128 bits for a counter under a key.
std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> counter,
                               std::array<uint32_t, 2> key);

// A uniform number in [0, 1), a multiple of 2^-53.
double UniformAt(uint64_t seed, uint64_t position, RandomUse use);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_RANDOM_H_
