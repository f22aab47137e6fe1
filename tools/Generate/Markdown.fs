/// Markdown of the generated pages.
module internal CuteDl.Generate.Markdown

open System

let code (text: string) = $"`{text}`"

let row (cells: string list) =
    "| "
    + (cells |> List.map _.Replace("|", "\\|", StringComparison.Ordinal) |> String.concat " | ")
    + " |\n"

// Cells are not padded, because their lengths differ too much for aligned columns.
let table (headers: string list) (rows: string list list) : string =
    "\n"
    + row headers
    + "|"
    + String.replicate headers.Length "---|"
    + "\n"
    + String.Join("", List.map row rows)
