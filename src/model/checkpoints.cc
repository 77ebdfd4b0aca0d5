#include "model/checkpoints.h"

#include <algorithm>
#include <bit>

namespace fullstop {

bool IsCheckpoint(int32_t position, int32_t length) {
  const auto distance =
      static_cast<uint32_t>((length - position) / kCheckpointInterval);
  const uint32_t step = std::bit_floor(std::max(distance, uint32_t{1})) *
                        static_cast<uint32_t>(kCheckpointInterval);
  return position > 0 && static_cast<uint32_t>(position) % step == 0;
}

// One at the end, and one for each power of two that a distance from there may
// have.
int32_t MostCheckpoints(int32_t length) {
  const auto intervals = static_cast<uint32_t>(length / kCheckpointInterval);
  return intervals == 0 ? 0 : 1 + std::bit_width(intervals - 1);
}

}  // namespace fullstop
