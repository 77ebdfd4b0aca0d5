// The input as a trainer's recipe.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "data/trainer_settings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = std::filesystem::temp_directory_path() /
                                  ("recipe_fuzz." + std::to_string(getpid()));
  fullstop::WriteFileAtomically(path,
                                {reinterpret_cast<const char*>(data), size});
  try {
    const auto settings = fullstop::TrainerSettings::Read(path);
    if (settings.cutoff == 0 || settings.stage != "sft") std::abort();
    if (settings.mask_history && settings.train_on_prompt) std::abort();
  } catch (const fullstop::Error&) {
    // What can't be read is told.
  }
  std::filesystem::remove(path);
  return 0;
}
