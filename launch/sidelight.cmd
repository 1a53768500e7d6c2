@echo off
"%~dp0python.exe" "%~dp0sidelight" %*
