// The exported symbols of a library, read from its file: nothing is loaded, and nothing in the file is trusted. By
// hand: a loader runs code, and readers of ELF trust the offsets in it.
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "catalog/plugin.hpp"

namespace host::catalog {
namespace {

constexpr uint64_t table_size_max = uint64_t{256} << 20;

class ElfFile {
 public:
  explicit ElfFile(const std::filesystem::path& path) : path_(path) {
    std::error_code ignored;  // opening a pipe would wait for who writes to it
    if (!std::filesystem::is_regular_file(path, ignored)) throw error("it is no regular file");
    in_.open(path, std::ios::binary | std::ios::ate);
    const auto end = in_.tellg();
    if (!in_ || end < 0) throw error("it cannot be read");
    size_ = static_cast<uint64_t>(end);
  }

  [[nodiscard]] base::Error error(const std::string& problem) const {
    return base::usage_error(fmt::format("library {}: {}", base::one_line(path_.string()), problem));
  }

  // `size` bytes from `offset`, all of them inside the file.
  std::string bytes(uint64_t offset, uint64_t size) {
    if (size > table_size_max || offset > size_ || size > size_ - offset)
      throw error("its tables reach beyond its end; it is damaged, build it again");
    std::string out(static_cast<size_t>(size), '\0');
    in_.seekg(static_cast<std::streamoff>(offset));
    in_.read(out.data(), static_cast<std::streamsize>(size));
    if (!in_) throw error("it cannot be read");
    return out;
  }

  [[nodiscard]] uint64_t size() const { return size_; }

  // An array of T; `size` in bytes.
  template <class T>
  std::vector<T> rows(uint64_t offset, uint64_t size) {
    const auto raw = bytes(offset, size);
    std::vector<T> out(raw.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), raw.data(), out.size() * sizeof(T));
    return out;
  }

 private:
  std::filesystem::path path_;
  std::ifstream in_;
  uint64_t size_ = 0;
};

Elf64_Ehdr header_of(ElfFile& file) {
  Elf64_Ehdr header{};
  try {
    header = file.rows<Elf64_Ehdr>(0, sizeof(header)).at(0);
  } catch (const base::Error&) {
    throw file.error("it is not an ELF library");
  }
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) throw file.error("it is not an ELF library");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN)
    throw file.error("it is not a 64-bit little-endian ELF library");
  return header;
}

std::vector<Elf64_Shdr> sections_of(ElfFile& file) {
  const auto header = header_of(file);
  if (header.e_shentsize != sizeof(Elf64_Shdr)) throw file.error("it has no section table; build it without sstrip");
  uint64_t count = header.e_shnum;
  if (count == 0) count = file.rows<Elf64_Shdr>(header.e_shoff, sizeof(Elf64_Shdr)).at(0).sh_size;  // 0xff00 and more
  if (count > table_size_max / sizeof(Elf64_Shdr)) throw file.error("its section table is damaged; build it again");
  return file.rows<Elf64_Shdr>(header.e_shoff, count * sizeof(Elf64_Shdr));
}

bool is_exported(const Elf64_Sym& symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && binding != STB_LOCAL && visibility != STV_HIDDEN && visibility != STV_INTERNAL;
}

}  // namespace

void refuse_damaged(const std::filesystem::path& library) {
  ElfFile file(library);
  const auto header = header_of(file);
  if (header.e_phentsize != sizeof(Elf64_Phdr)) throw file.error("its program headers are damaged; build it again");
  for (const auto& part : file.rows<Elf64_Phdr>(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr)))
    if (part.p_type == PT_LOAD && (part.p_offset > file.size() || part.p_filesz > file.size() - part.p_offset))
      throw file.error("it is shorter than it says, so it is cut off; build or copy it again");
}

std::vector<std::string> exported_symbols(const std::filesystem::path& library) {
  ElfFile file(library);
  const auto sections = sections_of(file);
  const auto dynamic = std::ranges::find(sections, Elf64_Word{SHT_DYNSYM}, &Elf64_Shdr::sh_type);
  if (dynamic == sections.end()) throw file.error("it has no dynamic symbol table; link it with -shared");
  if (dynamic->sh_link >= sections.size()) throw file.error("its symbol table is damaged; build it again");
  const auto& strings = sections[dynamic->sh_link];
  const auto names = file.bytes(strings.sh_offset, strings.sh_size);

  std::vector<std::string> out;
  for (const auto& symbol : file.rows<Elf64_Sym>(dynamic->sh_offset, dynamic->sh_size)) {
    if (!is_exported(symbol)) continue;
    if (symbol.st_name >= names.size()) throw file.error("its symbol names are damaged; build it again");
    const auto end = names.find('\0', symbol.st_name);
    out.push_back(names.substr(symbol.st_name, end == std::string::npos ? end : end - symbol.st_name));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace host::catalog
