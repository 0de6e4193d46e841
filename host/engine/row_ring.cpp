#include "engine/row_ring.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace host::engine {

namespace {

std::byte* map_twice(uint64_t size) {
  const int fd = memfd_create("sage-host rows", MFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "memfd_create for the request rows");
  void* both = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size)) == 0) {
    both = mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (both != MAP_FAILED) {
      auto* first = static_cast<std::byte*>(both);
      for (auto* at : {first, first + size})
        if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) both = MAP_FAILED;
    }
  }
  const int error = errno;
  close(fd);
  if (both == MAP_FAILED)
    throw std::system_error(error, std::generic_category(), "mapping memory for the request rows");
  return static_cast<std::byte*>(both);
}

}  // namespace

RowRing::RowRing() : bytes_(map_twice(capacity)) {}
RowRing::~RowRing() { munmap(bytes_, 2 * capacity); }

}  // namespace host::engine
