"""Files that leave the program: PDF, workbook, CSV and pictures made from an `analysis.report`."""
