// Which positions of a sequence are kept to go back to, the fewer the further
// back.
#ifndef FULLSTOP_MODEL_CHECKPOINTS_H_
#define FULLSTOP_MODEL_CHECKPOINTS_H_

#include <cstdint>

namespace fullstop {

// Checkpoints stand at multiples of it.
inline constexpr int32_t kCheckpointInterval = 64;

// Whether a sequence of LENGTH positions keeps a checkpoint at POSITION: at
// distance D from the end they are the greatest power of two times
// kCheckpointInterval apart that is not above D. A longer sequence keeps no
// more of the old ones. Between a cut by N positions and the nearest one before
// it are fewer than max(2 * N, kCheckpointInterval).
bool IsCheckpoint(int32_t position, int32_t length);

// No sequence of LENGTH positions keeps more.
int32_t MostCheckpoints(int32_t length);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CHECKPOINTS_H_
