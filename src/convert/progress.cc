#include "convert/progress.h"

#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/memory.h"

namespace fullstop {

void CheckFreeSpace(const std::string& path, uint64_t bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::absolute(path, error).parent_path();
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= bytes) return;
  throw Error::Io("'" + path + "' will take " + DescribeBytes(bytes) +
                  ", but the disk has " + DescribeBytes(space.available) +
                  " left")
      .Advice("make room, or name a file on another disk");
}

}  // namespace fullstop
